#include "packager/model_weights.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

// Width 40 is no multiple of 32.
ModelWeights SmallModel() {
  ModelWeights weights;
  weights.shape = {false, 260, 4, 32, 1, 2, 1, 16, 40, 8, 10000.0f, 1e-5f};
  weights.tokenizer_section = WriteBtok();
  for (const TensorSpec& tensor : CanonicalTensors(weights.shape)) {
    weights.tensors.emplace_back(tensor.element_count(), 0.5f);
  }
  return weights;
}

TEST(StoreModelTest, ListsWhatIsNotStoredAsAsked) {
  const StoredModel stored = *StoreModel(SmallModel(), {DType::kQ4_0, false});
  ASSERT_EQ(stored.exceptions.size(), 1u);
  EXPECT_EQ(stored.exceptions[0].tensor, "layers.0.w2.weight");
  EXPECT_EQ(stored.exceptions[0].stored, DType::kQ8_0);
  EXPECT_EQ(stored.exceptions[0].reason, "width 40 is no multiple of 32");
  const SlmReader model = *SlmReader::Parse(AsBytes(stored.file_bytes));
  for (size_t i = 0; i < model.specs().size(); ++i) {
    const DType expected = model.specs()[i].rank == 1 ? DType::kF32
                           : model.specs()[i].name == "layers.0.w2.weight"
                               ? DType::kQ8_0
                               : DType::kQ4_0;
    EXPECT_EQ(model.entries()[i].dtype, expected) << model.specs()[i].name;
  }
}

TEST(StoreModelTest, RefusesWrongCounts) {
  ModelWeights weights = SmallModel();
  weights.tensors[2].pop_back();
  EXPECT_EQ(StoreModel(weights, {}).status().message(),
            "Invalid model: tensor \"layers.0.wq.weight\" has 1023 values "
            "(expected 1024)");
  weights.tensors.pop_back();
  EXPECT_EQ(StoreModel(weights, {}).status().message(),
            "Invalid model: 11 tensors (expected 12)");
}

TEST(StoreModelTest, RefusesValuesThatAreNotFinite) {
  ModelWeights weights = SmallModel();
  weights.tensors[0][3] = std::numeric_limits<float>::quiet_NaN();
  const absl::Status status =
      StoreModel(weights, {DType::kQ8_0, false}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "Invalid model: tensor \"tok_embeddings.weight\" value 3 is not "
            "finite");
}

}  // namespace
}  // namespace pedigree
