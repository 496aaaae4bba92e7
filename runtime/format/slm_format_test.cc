#include "runtime/format/slm_format.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

ModelShape SizeCheckShape() {
  ModelShape shape;
  shape.vocab_size = 260;
  shape.special_token_count = 4;
  shape.hidden_size = 512;
  shape.layer_count = 4;
  shape.head_count = 8;
  shape.kv_head_count = 8;
  shape.head_dim = 64;
  shape.ffn_size = 2048;
  shape.max_context = 512;
  return shape;
}

TEST(SlmFormatTest, NamesOfDTypesGoBothWays) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    EXPECT_EQ(DTypeFromName(DTypeName(dtype)), dtype);
  }
  EXPECT_FALSE(DTypeFromName("q5_0").has_value());
  EXPECT_EQ(DTypeName(static_cast<DType>(4)), "unknown");
  EXPECT_FALSE(DTypeFromName("").has_value());
}

// Vectors of the FNV reference page (isthe.com/chongo/tech/comp/fnv).
TEST(SlmFormatTest, NameHashIsFnv1a) {
  EXPECT_EQ(TensorNameHash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(TensorNameHash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(TensorNameHash("foobar"), 0x85944171f73967e8u);
}

TEST(SlmFormatTest, TensorsStandInCanonicalOrder) {
  ModelShape shape = SizeCheckShape();
  shape.layer_count = 1;
  shape.kv_head_count = 2;
  const std::vector<TensorSpec> specs = CanonicalTensors(shape);
  const std::vector<std::pair<std::string, std::vector<uint32_t>>> expected = {
      {"tok_embeddings.weight", {260, 512}},
      {"layers.0.attn_norm.weight", {512}},
      {"layers.0.wq.weight", {512, 512}},
      {"layers.0.wk.weight", {128, 512}},
      {"layers.0.wv.weight", {128, 512}},
      {"layers.0.wo.weight", {512, 512}},
      {"layers.0.ffn_norm.weight", {512}},
      {"layers.0.w1.weight", {2048, 512}},
      {"layers.0.w3.weight", {2048, 512}},
      {"layers.0.w2.weight", {512, 2048}},
      {"norm.weight", {512}},
      {"output.weight", {260, 512}}};
  ASSERT_EQ(specs.size(), expected.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(specs[i].name, expected[i].first);
    ASSERT_EQ(specs[i].rank, expected[i].second.size());
    for (uint32_t d = 0; d < 4; ++d) {
      EXPECT_EQ(specs[i].dims[d],
                d < specs[i].rank ? expected[i].second[d] : 0);
    }
  }
}

TEST(SlmFormatTest, SizeCheckShapeHas39TensorsAnd17048064Parameters) {
  const std::vector<TensorSpec> specs = CanonicalTensors(SizeCheckShape());
  EXPECT_EQ(specs.size(), 39u);
  EXPECT_EQ(TensorCount(SizeCheckShape()), 39u);
  uint64_t parameters = 0;
  for (const TensorSpec& spec : specs) parameters += spec.element_count();
  EXPECT_EQ(parameters, 17048064u);
}

TEST(SlmFormatTest, TiedOutputHasNoOutputTensor) {
  ModelShape shape = SizeCheckShape();
  shape.tied_output = true;
  EXPECT_EQ(TensorCount(shape), 38u);
  EXPECT_EQ(CanonicalTensors(shape).back().name, "norm.weight");
}

TEST(SlmFormatTest, StorageSizesFollowTheRules) {
  const auto f32 = TensorStorage(DType::kF32, 3, 64, 0);
  ASSERT_TRUE(f32.has_value());
  EXPECT_EQ(f32->payload_bytes, 768u);
  EXPECT_EQ(f32->scale_count, 0u);
  const auto by_row = TensorStorage(DType::kQ8_0, 3, 64, 64);
  ASSERT_TRUE(by_row.has_value());
  EXPECT_EQ(by_row->payload_bytes, 192u);
  EXPECT_EQ(by_row->scale_count, 3u);
  const auto by_block = TensorStorage(DType::kQ8_0, 3, 64, 32);
  ASSERT_TRUE(by_block.has_value());
  EXPECT_EQ(by_block->payload_bytes, 192u);
  EXPECT_EQ(by_block->scale_count, 6u);
  const auto q4 = TensorStorage(DType::kQ4_0, 3, 64, 16);
  ASSERT_TRUE(q4.has_value());
  EXPECT_EQ(q4->payload_bytes, 96u);
  EXPECT_EQ(q4->scale_count, 12u);
}

TEST(SlmFormatTest, StorageRefusesOtherBlockSizes) {
  EXPECT_FALSE(TensorStorage(DType::kF32, 3, 64, 32).has_value());
  EXPECT_FALSE(TensorStorage(DType::kQ8_0, 3, 64, 16).has_value());
  EXPECT_FALSE(TensorStorage(DType::kQ8_0, 3, 172, 32).has_value());
  EXPECT_FALSE(TensorStorage(DType::kQ4_0, 3, 64, 0).has_value());
  EXPECT_FALSE(TensorStorage(DType::kQ4_0, 3, 63, 3).has_value());
  EXPECT_FALSE(TensorStorage(DType::kQ4_0, 3, 172, 32).has_value());
  EXPECT_FALSE(TensorStorage(static_cast<DType>(9), 3, 64, 0).has_value());
}

TEST(SlmFormatTest, StorageRefusesWhatOverflowsOrIsEmpty) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  EXPECT_FALSE(TensorStorage(DType::kQ8_0, kMax, 2, 2).has_value());
  EXPECT_FALSE(TensorStorage(DType::kF32, kMax / 4, 2, 0).has_value());
  EXPECT_FALSE(TensorStorage(DType::kF32, 0, 2, 0).has_value());
  EXPECT_FALSE(TensorStorage(DType::kQ8_0, 2, 0, 0).has_value());
}

}  // namespace
}  // namespace pedigree
