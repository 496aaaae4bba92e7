#include "packager/checkpoints/hf_config.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

// A config of `architecture` with `more` members.
std::string Config(const std::string& more,
                   const std::string& architecture = "LlamaForCausalLM") {
  return R"({"architectures": [")" + architecture + R"("],
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "max_position_embeddings": 32,
    "vocab_size": 300)" +
         more + "}";
}

ModelShape Shape(const std::string& config) {
  const auto parsed = ParseHfConfig(config);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->shape : ModelShape();
}

TEST(HfConfigTest, ReadsTheShape) {
  const ModelShape shape = Shape(Config(R"(, "num_key_value_heads": 2,
      "head_dim": 32, "rope_theta": 500000.0, "rms_norm_eps": 1e-05,
      "tie_word_embeddings": true)"));
  EXPECT_TRUE(shape.tied_output);
  EXPECT_EQ(shape.vocab_size, 300u);
  EXPECT_EQ(shape.hidden_size, 64u);
  EXPECT_EQ(shape.layer_count, 2u);
  EXPECT_EQ(shape.head_count, 4u);
  EXPECT_EQ(shape.kv_head_count, 2u);
  EXPECT_EQ(shape.head_dim, 32u);
  EXPECT_EQ(shape.ffn_size, 128u);
  EXPECT_EQ(shape.max_context, 32u);
  EXPECT_EQ(shape.rope_theta, 500000.0f);
  EXPECT_EQ(shape.rms_norm_epsilon, 1e-5f);
}

TEST(HfConfigTest, DefaultsAreThoseOfTransformers) {
  const ModelShape shape = Shape(Config(R"(, "head_dim": null)"));
  EXPECT_FALSE(shape.tied_output);
  EXPECT_EQ(shape.kv_head_count, 4u);
  EXPECT_EQ(shape.head_dim, 16u);
  EXPECT_EQ(shape.rope_theta, 10000.0f);
  EXPECT_EQ(shape.rms_norm_epsilon, 1e-6f);
}

TEST(HfConfigTest, TakesWhatChangesNothing) {
  for (const char* more : {
           R"(, "rope_scaling": null)",
           R"(, "rope_scaling": {"rope_type": "default"})",
           R"(, "attention_bias": false, "mlp_bias": false)",
           R"(, "hidden_act": "swish", "partial_rotary_factor": 1.0)",
           R"(, "sliding_window": null, "quantization_config": null)",
           R"(, "layer_types": ["full_attention", "full_attention"])",
           R"(, "_name_or_path": "x", "use_cache": true, "dtype": "bfloat16")",
           R"(, "rope_interleaved": false, "pretraining_tp": 1)",
       }) {
    const absl::Status status = ParseHfConfig(Config(more)).status();
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST(HfConfigTest, ReadsRopeParameters) {
  EXPECT_EQ(Shape(Config(R"(, "rope_parameters":
      {"rope_theta": 1e6, "rope_type": "default"})"))
                .rope_theta,
            1e6f);
}

TEST(HfConfigTest, AWindowAsLongAsTheContextHidesNothing) {
  for (const char* window : {"null", "32", "4096"}) {
    const std::string config = Config(
        std::string(R"(, "num_key_value_heads": 2, "sliding_window": )") +
            window,
        "MistralForCausalLM");
    const absl::Status status = ParseHfConfig(config).status();
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST(HfConfigTest, ReadsTokenIds) {
  const SourceTokenIds ids =
      ParseHfConfig(Config(R"(, "bos_token_id": 1, "eos_token_id": [2, 7],
          "pad_token_id": -1)"))
          ->ids;
  EXPECT_EQ(ids.bos, 1);
  EXPECT_EQ(ids.eos, (std::vector<int64_t>{2, 7}));
  EXPECT_FALSE(ids.pad.has_value());
}

TEST(HfGenerationConfigTest, ReplacesWhatItNames) {
  SourceTokenIds ids;
  ids.bos = 1;
  ids.eos = {2};
  ASSERT_TRUE(ParseHfGenerationConfig(
                  R"({"eos_token_id": [5, 6], "temperature": 0.6})", ids)
                  .ok());
  EXPECT_EQ(ids.bos, 1);
  EXPECT_EQ(ids.eos, (std::vector<int64_t>{5, 6}));
  EXPECT_FALSE(ParseHfGenerationConfig(R"({"eos_token_id": "x"})", ids).ok());
  EXPECT_FALSE(ParseHfGenerationConfig("[]", ids).ok());
}

}  // namespace
}  // namespace pedigree
