#include "runtime/diagnostics/counted.h"

#include <cstdint>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/bytes.h"
#include "runtime/base/json.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

// The default tiny model: vocab 260, hidden 32, 2 layers, 4 heads and 2 kv
// heads of 8, ffn 64, context 48.
constexpr uint64_t kEmbeddingValues = 260 * 32;
constexpr uint64_t kLayerMatrixValues =
    32 * 32 + 2 * 16 * 32 + 32 * 32 + 3 * 64 * 32;
constexpr uint64_t kLayerRows = 32 + 16 + 16 + 32 + 64 + 64 + 32;

class CountedTest : public testing::Test {
 protected:
  void Load(const TinyModelOptions& options) {
    file_ = std::make_unique<AlignedBytes>(TinyModel(options));
    model_ = *Model::Load(AsBytes(file_->text()));
    stack_ = std::make_unique<AdapterStack>(*model_);
  }
  Json Count() const {
    return CountAssembly(*model_, *stack_);
  }

  std::unique_ptr<AlignedBytes> file_;
  std::unique_ptr<const Model> model_;
  std::unique_ptr<AdapterStack> stack_;
};

TEST_F(CountedTest, CountsAnF32Model) {
  Load({});
  const Json counted = Count();
  EXPECT_EQ(counted["schema_version"], "pedigree.diagnostics.v1");
  EXPECT_EQ(counted["numerics_version"], "v1");
  EXPECT_EQ(counted["quantization_mode"], "f32");
  EXPECT_EQ(counted["parameter_count"],
            std::to_string(2 * kEmbeddingValues + 2 * kLayerMatrixValues +
                           5 * 32));
  EXPECT_EQ(counted["model_bytes"], std::to_string(file_->text().size()));
  EXPECT_EQ(counted["kv_capacity_tokens"], 48);
  EXPECT_EQ(counted["kv_bytes_per_token"], "256");  // 2 * 2 * 2 * 8 * 4
  EXPECT_EQ(counted["kv_capacity_bytes"], "12288");
  EXPECT_EQ(counted["body_weight_bytes_per_token"],
            std::to_string(4 * (32 + 2 * kLayerMatrixValues + 5 * 32)));
  EXPECT_EQ(counted["output_weight_bytes_per_token"],
            std::to_string(4 * kEmbeddingValues));
  EXPECT_EQ(counted["tensors_by_dtype"][0]["tensor_count"], 21);
  EXPECT_EQ(counted["tensors_by_dtype"][1]["bytes"], "0");
}

TEST_F(CountedTest, CountsPayloadAndScalesOfAQuantizedModel) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  Load(options);
  const Json counted = Count();
  EXPECT_EQ(counted["quantization_mode"], "q8_0");
  EXPECT_EQ(counted["output_weight_bytes_per_token"],
            std::to_string(kEmbeddingValues + 4 * 260));
  // An embedding row with its scale, matrices with a scale a row, f32 norms.
  EXPECT_EQ(counted["body_weight_bytes_per_token"],
            std::to_string(32 + 4 +
                           2 * (kLayerMatrixValues + 4 * kLayerRows) +
                           4 * 5 * 32));
}

TEST_F(CountedTest, ATiedModelReadsItsEmbeddingsAsOutput) {
  TinyModelOptions options;
  options.tied_output = true;
  Load(options);
  const Json counted = Count();
  EXPECT_EQ(counted["output_weight_bytes_per_token"],
            std::to_string(4 * kEmbeddingValues));
  EXPECT_EQ(counted["body_weight_bytes_per_token"],
            std::to_string(4 * (32 + 2 * kLayerMatrixValues + 5 * 32)));
}

TEST_F(CountedTest, AnAdaptedTensorIsReadAsF32) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  Load(options);
  const Json before = Count();
  const AlignedBytes adapter(TinyAdapter(
      file_->text(), {{"layers.0.wk.weight", RandomValues(1, 16 * 32, 1)}}));
  ASSERT_TRUE(stack_->Apply(AsBytes(adapter.text())).ok());
  const Json after = Count();
  EXPECT_EQ(after["applied_adapter_count"], 1);
  EXPECT_EQ(after["adapter_bytes"], std::to_string(adapter.text().size()));
  EXPECT_EQ(after["materialized_bytes"], "2048");
  EXPECT_NE(after["assembly_digest"], before["assembly_digest"]);
  const auto body = [](const Json& counted) {
    return std::stoull(
        counted["body_weight_bytes_per_token"].get<std::string>());
  };
  EXPECT_EQ(body(after) - body(before), 16u * 32 * 3 - 4 * 16);
  // The base is what it was.
  EXPECT_EQ(after["tensors_by_dtype"], before["tensors_by_dtype"]);
}

TEST_F(CountedTest, LowRankFactorsAreReadBesideTheirTensor) {
  TinyModelOptions options;
  options.tied_output = true;
  Load(options);
  const Json before = Count();
  const AlignedBytes adapter(TinyLowRankAdapter(
      file_->text(),
      {{"tok_embeddings.weight", 3, 1, RandomValues(1, 3 * 32, 1),
        RandomValues(2, 260 * 3, 1)},
       {"layers.0.wk.weight", 2, 1, RandomValues(3, 2 * 32, 1),
        RandomValues(4, 16 * 2, 1)}}));
  ASSERT_TRUE(stack_->Apply(AsBytes(adapter.text())).ok());
  const Json after = Count();
  constexpr uint64_t kWkBytes = 4 * 2 * (32 + 16);
  constexpr uint64_t kEmbeddingBytes = 4 * 3 * (32 + 260);
  EXPECT_EQ(after["materialized_bytes"],
            std::to_string(kWkBytes + kEmbeddingBytes));
  const auto more = [&](const char* counter) {
    return std::stoull(after[counter].get<std::string>()) -
           std::stoull(before[counter].get<std::string>());
  };
  EXPECT_EQ(more("body_weight_bytes_per_token"),
            kWkBytes + 4 * (3 * 32 + 3));
  EXPECT_EQ(more("output_weight_bytes_per_token"), kEmbeddingBytes);
}

TEST_F(CountedTest, UseIsZeroUntilCounted) {
  Load({});
  const Json use = Count()["use"];
  EXPECT_EQ(use["case_count"], 0);
  EXPECT_EQ(use["forward_passes"], "0");
  EXPECT_EQ(use["weight_bytes_read"], "0");
}

TEST_F(CountedTest, UseAddsUpCases) {
  Load({});
  Json counted = Count();
  CountUse(
      {
          GenerationWork({10, 4, "token-limit"}),   // the last token is not run: 13, 4 logits
          GenerationWork({20, 5, "stop-token"}),    // all are run: 25, 6 logits
          GenerationWork({3, 0, "stop-token"}),     // 3, 1
          GenerationWork({7, 2, "output-limit"}),   // 9, 3
          GenerationWork({9, 39, "context-end"}),   // 47, 39
          GenerationWork({2, 0, "token-limit"}),    // 2, 1
          GenerationWork({2, 1, "cancelled"}),      // 2, 1
      },
      counted);
  const Json& use = counted["use"];
  EXPECT_EQ(use["case_count"], 7);
  EXPECT_EQ(use["prompt_tokens"], "53");
  EXPECT_EQ(use["generated_tokens"], "51");
  EXPECT_EQ(use["forward_passes"], "101");
  EXPECT_EQ(use["logits_passes"], "55");
  EXPECT_EQ(use["kv_peak_tokens"], 47);
  EXPECT_EQ(use["kv_peak_bytes"], std::to_string(47 * 256));
  const uint64_t body = 4 * (32 + 2 * kLayerMatrixValues + 5 * 32);
  EXPECT_EQ(use["weight_bytes_read"],
            std::to_string(101 * body + 55 * 4 * kEmbeddingValues));
}

}  // namespace
}  // namespace pedigree
