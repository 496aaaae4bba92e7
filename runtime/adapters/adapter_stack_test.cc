#include "runtime/adapters/adapter_stack.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/model.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kWk[] = "layers.0.wk.weight";

class AdapterStackTest : public testing::TestWithParam<DType> {
 protected:
  AdapterStackTest()
      : file_(TinyModel(Options())),
        model_(*Model::Load(AsBytes(file_.text()))),
        stack_(*model_) {}

  static TinyModelOptions Options() {
    TinyModelOptions options;
    options.dtype = GetParam();
    return options;
  }

  int Index(const std::string& name) const {
    return model_->reader().FindTensor(TensorNameHash(name));
  }
  AlignedBytes Adapter(const std::vector<TinyDelta>& deltas) const {
    return AlignedBytes(TinyAdapter(file_.text(), deltas));
  }
  absl::Status Apply(const AlignedBytes& adapter) {
    return stack_.Apply(AsBytes(adapter.text()));
  }
  static std::vector<float> Values(const Weights& weights, int index) {
    const TensorView& tensor = weights.tensors()[index];
    std::vector<float> values(tensor.rows * tensor.columns);
    for (uint64_t row = 0; row < tensor.rows; ++row) {
      DequantizeRow(tensor, row,
                    absl::MakeSpan(values).subspan(row * tensor.columns,
                                                   tensor.columns));
    }
    return values;
  }

  AlignedBytes file_;
  std::unique_ptr<const Model> model_;
  AdapterStack stack_;
};

TEST_P(AdapterStackTest, AddsDeltasToTouchedTensorsOnly) {
  const std::vector<float> deltas = RandomValues(7, 16 * 32, 1);
  const std::vector<float> before = Values(stack_.weights(), Index(kWk));
  ASSERT_TRUE(Apply(Adapter({{kWk, deltas}})).ok());
  const std::vector<float> after = Values(stack_.weights(), Index(kWk));
  for (size_t i = 0; i < deltas.size(); ++i) {
    EXPECT_EQ(after[i], before[i] + deltas[i]);
  }
  for (size_t i = 0; i < model_->weights().tensors().size(); ++i) {
    if (static_cast<int>(i) == Index(kWk)) continue;
    EXPECT_EQ(stack_.weights().tensors()[i].payload,
              model_->weights().tensors()[i].payload);
  }
  EXPECT_EQ(stack_.materialized_bytes(), 16u * 32 * 4);
}

TEST_P(AdapterStackTest, AdaptersAddUpInOrder) {
  const std::vector<float> first = RandomValues(7, 16 * 32, 1);
  const std::vector<float> second = RandomValues(8, 16 * 32, 1);
  const AlignedBytes first_file = Adapter({{kWk, first}});
  const AlignedBytes second_file =
      Adapter({{kWk, second}, {"norm.weight", RandomValues(9, 32, 1)}});
  const std::vector<float> before = Values(stack_.weights(), Index(kWk));
  ASSERT_TRUE(Apply(first_file).ok());
  ASSERT_TRUE(Apply(second_file).ok());
  const std::vector<float> after = Values(stack_.weights(), Index(kWk));
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(after[i], (before[i] + first[i]) + second[i]);
  }
  const Digest digests[] = {Sha256(first_file.text()),
                            Sha256(second_file.text())};
  EXPECT_THAT(stack_.digests(), ElementsAre(digests[0], digests[1]));
  EXPECT_EQ(stack_.assembly_digest(),
            AssemblyDigest(model_->digest(), digests));
  EXPECT_EQ(stack_.adapter_bytes(),
            first_file.text().size() + second_file.text().size());
}

TEST_P(AdapterStackTest, ResetRestoresTheBaseExactly) {
  ASSERT_TRUE(Apply(Adapter({{kWk, RandomValues(7, 16 * 32, 1)}})).ok());
  stack_.Reset();
  for (size_t i = 0; i < model_->weights().tensors().size(); ++i) {
    EXPECT_EQ(stack_.weights().tensors()[i].payload,
              model_->weights().tensors()[i].payload);
    EXPECT_EQ(stack_.weights().tensors()[i].dtype,
              model_->weights().tensors()[i].dtype);
  }
  EXPECT_TRUE(stack_.digests().empty());
  EXPECT_EQ(stack_.materialized_bytes(), 0u);
  EXPECT_EQ(stack_.adapter_bytes(), 0u);
}

TEST_P(AdapterStackTest, RefusesTheSameAdapterTwice) {
  const AlignedBytes adapter = Adapter({{kWk, RandomValues(7, 16 * 32, 1)}});
  ASSERT_TRUE(Apply(adapter).ok());
  for (const absl::Status& status :
       {Apply(adapter), stack_.Validate(AsBytes(adapter.text()))}) {
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidAdapter);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("Adapter is applied already: sha256:"));
  }
  EXPECT_EQ(stack_.digests().size(), 1u);
  stack_.Reset();
  EXPECT_TRUE(Apply(adapter).ok());
}

TEST_P(AdapterStackTest, AFusedValueThatIsNotFiniteChangesNothing) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  const AlignedBytes first =
      Adapter({{"norm.weight", std::vector<float>(32, kHuge)}});
  ASSERT_TRUE(Apply(first).ok());
  // The first payload is fine and must not stay; the second overflows only on
  // top of `first`.
  const AlignedBytes second =
      Adapter({{kWk, RandomValues(7, 16 * 32, 1)},
               {"norm.weight", std::vector<float>(32, kHuge / 2)}});
  const uint8_t* const before = stack_.weights().tensors()[Index(kWk)].payload;
  for (const absl::Status& status :
       {stack_.Validate(AsBytes(second.text())), Apply(second)}) {
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterPayloadInvalid);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("of tensor \"norm.weight\" is inf"));
  }
  EXPECT_EQ(stack_.weights().tensors()[Index(kWk)].payload, before);
  EXPECT_EQ(stack_.digests().size(), 1u);
}

TEST_P(AdapterStackTest, ValidateChangesNothing) {
  const AlignedBytes adapter = Adapter({{kWk, RandomValues(7, 16 * 32, 1)}});
  ASSERT_TRUE(stack_.Validate(AsBytes(adapter.text())).ok());
  EXPECT_TRUE(stack_.digests().empty());
  EXPECT_EQ(stack_.weights().tensors()[Index(kWk)].payload,
            model_->weights().tensors()[Index(kWk)].payload);
}

TEST_P(AdapterStackTest, RefusesAnAdapterOfAnotherModel) {
  TinyModelOptions options = Options();
  options.seed = 2;
  const AlignedBytes adapter(TinyAdapter(
      TinyModel(options), {{"norm.weight", RandomValues(7, 32, 1)}}));
  const absl::Status status = Apply(adapter);
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterIdentityMismatch);
  EXPECT_THAT(std::string(status.message()), HasSubstr("model digest"));
}

INSTANTIATE_TEST_SUITE_P(AllTypes, AdapterStackTest,
                         testing::Values(DType::kF32, DType::kQ8_0,
                                         DType::kQ4_0));

}  // namespace
}  // namespace pedigree
