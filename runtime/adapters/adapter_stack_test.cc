#include "runtime/adapters/adapter_stack.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/adapters/assembly.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// A matrix of 16 x 32, and one of 64 x 32.
constexpr char kWk[] = "layers.0.wk.weight";
constexpr char kW1[] = "layers.1.w1.weight";

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
  AlignedBytes SparseAdapter(const std::vector<TinySparseDelta>& deltas) const {
    return AlignedBytes(TinySparseAdapter(file_.text(), deltas));
  }
  AlignedBytes LowRankAdapter(const std::vector<TinyLowRank>& factors) const {
    return AlignedBytes(TinyLowRankAdapter(file_.text(), factors));
  }
  // Random factors of rank 3 for a matrix of 16 x 32.
  static TinyLowRank FactorsOfWk(uint64_t seed, float scale) {
    return {kWk, 3, scale, RandomValues(seed, 3 * 32, 1),
            RandomValues(seed + 1, 16 * 3, 1)};
  }
  absl::Status Apply(const AlignedBytes& adapter,
                     const ApplyOptions& options = {}) {
    return stack_.Apply(AsBytes(adapter.text()), options);
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

TEST_P(AdapterStackTest, AddsSparseDeltasWhereTheyAre) {
  const std::vector<uint32_t> indices = {0, 31, 32, 300, 511};
  const std::vector<float> deltas = {1, -2, 0.5f, 4, -8};
  std::vector<float> expected = Values(stack_.weights(), Index(kWk));
  ASSERT_TRUE(Apply(SparseAdapter({{kWk, indices, deltas}})).ok());
  for (size_t i = 0; i < indices.size(); ++i) {
    expected[indices[i]] += deltas[i];
  }
  EXPECT_EQ(Values(stack_.weights(), Index(kWk)), expected);
  EXPECT_EQ(stack_.materialized_bytes(), 16u * 32 * 4);
}

TEST_P(AdapterStackTest, SparseDeltasOnAVector) {
  std::vector<float> expected = Values(stack_.weights(), Index("norm.weight"));
  ASSERT_TRUE(Apply(SparseAdapter({{"norm.weight", {31}, {2}}})).ok());
  expected[31] += 2;
  EXPECT_EQ(Values(stack_.weights(), Index("norm.weight")), expected);
}

TEST_P(AdapterStackTest, LowRankFactorsRunBesideTheirTensor) {
  const TinyLowRank wk = FactorsOfWk(3, 0.5f);
  const TinyLowRank w1 = {kW1, 1, -2, RandomValues(5, 32, 1),
                          RandomValues(6, 64, 1)};
  {
    const AlignedBytes adapter = LowRankAdapter({wk, w1});
    ASSERT_TRUE(Apply(adapter).ok());
  }  // The stack must not need the adapter's bytes.
  const Weights& weights = stack_.weights();
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    EXPECT_EQ(weights.tensors()[i].payload,
              model_->weights().tensors()[i].payload);
    const bool touched = static_cast<int>(i) == Index(kWk) ||
                         static_cast<int>(i) == Index(kW1);
    EXPECT_EQ(weights.side_paths(static_cast<int>(i)).size(), touched ? 1 : 0);
  }
  const LowRank& path = weights.side_paths(Index(kWk))[0];
  EXPECT_EQ(path.rank, 3u);
  EXPECT_EQ(path.scale, 0.5f);
  EXPECT_EQ(path.a, absl::MakeConstSpan(wk.a));
  EXPECT_EQ(path.b, absl::MakeConstSpan(wk.b));
  for (const absl::Span<const float> factor : {path.a, path.b}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(factor.data()) %
                  AlignedBuffer::kAlignment,
              0u);
  }
  EXPECT_EQ(stack_.materialized_bytes(), 4u * (3 * 32 + 16 * 3 + 32 + 64));
}

TEST_P(AdapterStackTest, FamiliesStackInAnyMixture) {
  const std::vector<float> dense = RandomValues(7, 16 * 32, 1);
  std::vector<float> expected = Values(stack_.weights(), Index(kWk));
  ASSERT_TRUE(Apply(LowRankAdapter({FactorsOfWk(3, 1)})).ok());
  ASSERT_TRUE(Apply(SparseAdapter({{kWk, {5}, {0.25f}}})).ok());
  ASSERT_TRUE(Apply(LowRankAdapter({FactorsOfWk(8, 2)})).ok());
  ASSERT_TRUE(Apply(Adapter({{kWk, dense}})).ok());
  expected[5] += 0.25f;
  for (size_t i = 0; i < dense.size(); ++i) expected[i] += dense[i];
  EXPECT_EQ(Values(stack_.weights(), Index(kWk)), expected);
  const auto paths = stack_.weights().side_paths(Index(kWk));
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0].scale, 1);
  EXPECT_EQ(paths[1].scale, 2);
  EXPECT_EQ(stack_.digests().size(), 4u);
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
  const std::string base(file_.text());
  ASSERT_TRUE(Apply(Adapter({{kWk, RandomValues(7, 16 * 32, 1)}})).ok());
  ASSERT_TRUE(Apply(SparseAdapter({{kW1, {9}, {1}}})).ok());
  ASSERT_TRUE(Apply(LowRankAdapter({FactorsOfWk(3, 1)})).ok());
  stack_.Reset();
  EXPECT_EQ(file_.text(), base);
  for (size_t i = 0; i < model_->weights().tensors().size(); ++i) {
    EXPECT_EQ(stack_.weights().tensors()[i].payload,
              model_->weights().tensors()[i].payload);
    EXPECT_EQ(stack_.weights().tensors()[i].dtype,
              model_->weights().tensors()[i].dtype);
    EXPECT_TRUE(stack_.weights().side_paths(static_cast<int>(i)).empty());
  }
  EXPECT_TRUE(stack_.digests().empty());
  EXPECT_TRUE(stack_.receipt_digests().empty());
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

TEST_P(AdapterStackTest, AppliesTheSameAdapterTwiceWhenAskedTo) {
  const AlignedBytes adapter = SparseAdapter({{kWk, {5}, {0.25f}}});
  const float before = Values(stack_.weights(), Index(kWk))[5];
  ApplyOptions options;
  options.allow_repeat = true;
  ASSERT_TRUE(Apply(adapter).ok());
  EXPECT_TRUE(stack_.Validate(AsBytes(adapter.text()), options).ok());
  ASSERT_TRUE(Apply(adapter, options).ok());
  EXPECT_EQ(Values(stack_.weights(), Index(kWk))[5], before + 0.25f + 0.25f);
  EXPECT_EQ(stack_.digests().size(), 2u);
  EXPECT_EQ(stack_.digests()[0], stack_.digests()[1]);
}

TEST_P(AdapterStackTest, TakesAnAdapterOfASiblingAndNamesItsReceipts) {
  const AlignedBytes adapter = SparseAdapter({{kWk, {5}, {0.25f}}});
  std::string sibling(adapter.text());
  const Digest parent = Sha256("a sibling");
  std::copy(parent.bytes.begin(), parent.bytes.end(), sibling.begin() + 48);
  StoreLittleEndian(FileChecksum(AsBytes(sibling), kAdapterChecksumOffset),
                    reinterpret_cast<uint8_t*>(&sibling[0]) +
                        kAdapterChecksumOffset);
  const AlignedBytes of_sibling(sibling);
  EXPECT_EQ(GetErrorCode(Apply(of_sibling)),
            ErrorCode::kAdapterIdentityMismatch);
  const Sibling siblings[] = {
      {Sha256("another"), {Sha256("r0")}},
      {parent, {Sha256("r1"), Sha256("r2")}},
  };
  ApplyOptions options;
  options.siblings = siblings;
  EXPECT_TRUE(stack_.Validate(AsBytes(of_sibling.text()), options).ok());
  ASSERT_TRUE(Apply(adapter, options).ok());
  EXPECT_TRUE(stack_.receipt_digests().empty());
  ASSERT_TRUE(Apply(of_sibling, options).ok());
  EXPECT_THAT(stack_.receipt_digests(),
              UnorderedElementsAre(Sha256("r1"), Sha256("r2")));
  stack_.Reset();
  EXPECT_TRUE(stack_.receipt_digests().empty());
}

TEST_P(AdapterStackTest, AFusedProductThatIsNotFiniteChangesNothing) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  TinyLowRank huge = FactorsOfWk(3, kHuge);
  const AlignedBytes adapter = LowRankAdapter(
      {{kW1, 1, 1, RandomValues(5, 32, 1), RandomValues(6, 64, 1)}, huge});
  for (const absl::Status& status :
       {stack_.Validate(AsBytes(adapter.text())), Apply(adapter)}) {
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterPayloadInvalid);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("of tensor \"layers.0.wk.weight\" is "));
  }
  EXPECT_TRUE(stack_.weights().side_paths(Index(kW1)).empty());
  EXPECT_TRUE(stack_.digests().empty());
  EXPECT_EQ(stack_.materialized_bytes(), 0u);
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
