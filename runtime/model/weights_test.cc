#include "runtime/model/weights.h"

#include <cstddef>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/low_rank.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

ModelShape Shape(bool tied_output) {
  ModelShape shape;
  shape.tied_output = tied_output;
  shape.vocab_size = 260;
  shape.hidden_size = 4;
  shape.layer_count = 2;
  shape.head_count = 1;
  shape.kv_head_count = 1;
  shape.head_dim = 4;
  shape.ffn_size = 6;
  return shape;
}

// Views that carry their position as their row count.
Weights Numbered(const ModelShape& shape) {
  std::vector<TensorView> views(CanonicalTensors(shape).size());
  for (size_t i = 0; i < views.size(); ++i) views[i].rows = i;
  return Weights(shape, views);
}

std::string NameOf(const ModelShape& shape, const TensorView& view) {
  return CanonicalTensors(shape)[view.rows].name;
}

TEST(WeightsTest, PartsAreTheTensorsOfTheirNames) {
  const ModelShape shape = Shape(false);
  const Weights weights = Numbered(shape);
  EXPECT_EQ(NameOf(shape, weights.embeddings()), "tok_embeddings.weight");
  const struct {
    LayerTensor tensor;
    const char* name;
  } kParts[] = {
      {LayerTensor::kAttnNorm, "attn_norm"}, {LayerTensor::kWq, "wq"},
      {LayerTensor::kWk, "wk"},              {LayerTensor::kWv, "wv"},
      {LayerTensor::kWo, "wo"},              {LayerTensor::kFfnNorm, "ffn_norm"},
      {LayerTensor::kW1, "w1"},              {LayerTensor::kW3, "w3"},
      {LayerTensor::kW2, "w2"},
  };
  for (int layer = 0; layer < 2; ++layer) {
    for (const auto& part : kParts) {
      EXPECT_EQ(NameOf(shape, weights.layer(layer, part.tensor)),
                "layers." + std::to_string(layer) + "." + part.name +
                    ".weight");
    }
  }
  EXPECT_EQ(NameOf(shape, weights.norm()), "norm.weight");
  EXPECT_EQ(NameOf(shape, weights.output()), "output.weight");
}

TEST(WeightsTest, ATiedOutputIsTheEmbeddings) {
  const ModelShape shape = Shape(true);
  const Weights weights = Numbered(shape);
  EXPECT_EQ(NameOf(shape, weights.norm()), "norm.weight");
  EXPECT_EQ(NameOf(shape, weights.output()), "tok_embeddings.weight");
}

TEST(WeightsTest, ReplaceChangesOneTensor) {
  const ModelShape shape = Shape(false);
  Weights weights = Numbered(shape);
  TensorView other;
  other.rows = 99;
  weights.Replace(2, other);
  EXPECT_EQ(weights.layer(0, LayerTensor::kWq).rows, 99u);
  EXPECT_EQ(weights.layer(0, LayerTensor::kWk).rows, 3u);
}

TEST(WeightsTest, IndicesAreThoseOfTheParts) {
  for (const bool tied_output : {false, true}) {
    const Weights weights = Numbered(Shape(tied_output));
    const auto index_of = [&](const TensorView& part) {
      return static_cast<int>(part.rows);
    };
    EXPECT_EQ(weights.embeddings_index(), index_of(weights.embeddings()));
    EXPECT_EQ(weights.layer_index(1, LayerTensor::kW3),
              index_of(weights.layer(1, LayerTensor::kW3)));
    EXPECT_EQ(weights.norm_index(), index_of(weights.norm()));
    EXPECT_EQ(weights.output_index(), index_of(weights.output()));
  }
}

TEST(WeightsTest, SidePathsStandInTheOrderTheyWereAdded) {
  Weights weights = Numbered(Shape(false));
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    EXPECT_TRUE(weights.side_paths(static_cast<int>(i)).empty());
  }
  const Weights base = weights;
  LowRank first;
  first.rank = 1;
  LowRank second;
  second.rank = 2;
  weights.AddSidePath(3, first);
  weights.AddSidePath(3, second);
  weights.Replace(3, TensorView());
  ASSERT_EQ(weights.side_paths(3).size(), 2u);
  EXPECT_EQ(weights.side_paths(3)[0].rank, 1u);
  EXPECT_EQ(weights.side_paths(3)[1].rank, 2u);
  EXPECT_TRUE(weights.side_paths(2).empty());
  EXPECT_TRUE(base.side_paths(3).empty());
  weights = base;
  EXPECT_TRUE(weights.side_paths(3).empty());
}

}  // namespace
}  // namespace pedigree
