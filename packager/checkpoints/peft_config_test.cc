#include "packager/checkpoints/peft_config.h"

#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

// A config of a LoRA with `more` members.
std::string Config(const std::string& more) {
  return R"({"peft_type": "LORA", "lora_alpha": 16, "r": 8)" + more + "}";
}

std::string Refusal(const std::string& more) {
  return std::string(ParsePeftConfig(Config(more)).status().message());
}

float Scale(const std::string& more, const std::string& module) {
  const auto config = ParsePeftConfig(Config(more));
  EXPECT_TRUE(config.ok()) << config.status();
  if (!config.ok()) return 0;
  const auto scale = PeftScale(*config, module, 4);
  EXPECT_TRUE(scale.ok()) << scale.status();
  return scale.ok() ? *scale : 0;
}

TEST(PeftConfigTest, ScaleIsAlphaThroughTheRankOrItsRoot) {
  EXPECT_EQ(Scale("", "model.layers.0.mlp.up_proj"), 4);
  EXPECT_EQ(Scale(R"(, "use_rslora": true)", "model.layers.0.mlp.up_proj"), 8);
}

TEST(PeftConfigTest, AlphaPatternIsOfModulesByTheEndOfTheirNames) {
  const std::string more =
      R"(, "alpha_pattern": {"layers.1.self_attn.q_proj": 4, "o_proj": 32})";
  EXPECT_EQ(Scale(more, "model.layers.1.self_attn.q_proj"), 1);
  EXPECT_EQ(Scale(more, "model.layers.11.self_attn.q_proj"), 4);
  EXPECT_EQ(Scale(more, "model.layers.0.self_attn.o_proj"), 8);
  EXPECT_EQ(Scale(more, "model.layers.0.self_attn.no_proj"), 4);
}

TEST(PeftConfigTest, TakesWhatTrainingWrites) {
  EXPECT_TRUE(ParsePeftConfig(R"({
      "alora_invocation_tokens": null, "alpha_pattern": {},
      "arrow_config": null, "auto_mapping": null,
      "base_model_name_or_path": "x", "bias": "none", "corda_config": null,
      "ensure_weight_tying": false, "eva_config": null,
      "exclude_modules": null, "fan_in_fan_out": false,
      "inference_mode": true, "init_lora_weights": true,
      "layer_replication": null, "layers_pattern": null,
      "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 32,
      "lora_bias": false, "lora_dropout": 0.05, "megatron_config": null,
      "megatron_core": "megatron.core", "modules_to_save": null,
      "peft_type": "LORA", "peft_version": "0.18.0",
      "qalora_group_size": 16, "r": 8, "rank_pattern": {}, "revision": null,
      "target_modules": ["q_proj", "v_proj"], "target_parameters": null,
      "task_type": "CAUSAL_LM", "trainable_token_indices": null,
      "use_dora": false, "use_qalora": false, "use_rslora": false})")
                  .ok());
}

TEST(PeftConfigTest, RefusesByNameWhatFactorsCannotExpress) {
  const struct {
    const char* more;
    const char* message;
  } kCases[] = {
      {R"(, "use_dora": true)",
       "Unsupported adapter config: \"use_dora\" is true (expected false)"},
      {R"(, "use_qalora": true)",
       "Unsupported adapter config: \"use_qalora\" is true (expected false)"},
      {R"(, "bias": "all")",
       "Unsupported adapter config: \"bias\" is \"all\" (expected \"none\")"},
      {R"(, "lora_bias": true)",
       "Unsupported adapter config: \"lora_bias\" is true (expected false)"},
      {R"(, "fan_in_fan_out": true)",
       "Unsupported adapter config: \"fan_in_fan_out\" is true (expected "
       "false)"},
      {R"(, "modules_to_save": ["lm_head"])",
       "Unsupported adapter config: \"modules_to_save\" is [\"lm_head\"] "
       "(expected [])"},
      {R"(, "init_lora_weights": "pissa")",
       "Unsupported adapter config: \"init_lora_weights\" is \"pissa\" "
       "(expected true)"},
      {R"(, "layer_replication": [[0, 4], [2, 5]])",
       "Unsupported adapter config: \"layer_replication\" is [[0,4],[2,5]] "
       "(expected [])"},
      {R"(, "trainable_token_indices": [3])",
       "Unsupported adapter config: \"trainable_token_indices\" is [3] "
       "(expected [])"},
      {R"(, "alora_invocation_tokens": [3])",
       "Unsupported adapter config: \"alora_invocation_tokens\" is [3]"},
      {R"(, "megatron_config": {})",
       "Unsupported adapter config: \"megatron_config\" is {}"},
      {R"(, "ensure_weight_tying": true)",
       "Unsupported adapter config: \"ensure_weight_tying\" is true (expected "
       "false)"},
      {R"(, "target_parameters": ["w"])",
       "Unsupported adapter config: \"target_parameters\" is [\"w\"] (expected "
       "[])"},
      {R"(, "alpha_pattern": {"^model.*q_proj": 3})",
       "Unsupported adapter config: \"alpha_pattern\" has \"^model.*q_proj\" "
       "(expected names of modules)"},
      {R"(, "next_years_idea": 1)",
       "Unsupported adapter config: \"next_years_idea\" is unknown, so what it "
       "changes is too (remove it if it changes nothing)"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Refusal(test.more), test.message);
  }
}

TEST(PeftConfigTest, AnUnknownMemberThatIsNullChangesNothing) {
  EXPECT_EQ(Refusal(R"(, "next_years_idea": null)"), "");
}

TEST(PeftConfigTest, RefusesWhatIsNoConfig) {
  EXPECT_EQ(ParsePeftConfig("[]").status().message(),
            "Invalid adapter config: no JSON object");
  EXPECT_EQ(ParsePeftConfig("{}").status().message(),
            "Invalid adapter config: \"peft_type\" is no name");
  EXPECT_EQ(ParsePeftConfig(R"({"peft_type": "IA3"})").status().message(),
            "Unsupported adapter config: \"peft_type\" is \"IA3\" (expected "
            "\"LORA\")");
  EXPECT_EQ(Refusal(R"(, "alpha_pattern": 3)"),
            "Invalid adapter config: \"alpha_pattern\" is no object");
  EXPECT_EQ(Refusal(R"(, "alpha_pattern": {"q_proj": -1})"),
            "Invalid adapter config: \"alpha_pattern\" is -1 (expected a "
            "positive binary32)");
  EXPECT_EQ(Refusal(R"(, "use_rslora": "yes")"),
            "Invalid adapter config: \"use_rslora\" is \"yes\" (expected a "
            "boolean)");
}

TEST(PeftScaleTest, RefusesTwoAlphasForOneModule) {
  const auto config = ParsePeftConfig(
      Config(R"(, "alpha_pattern": {"q_proj": 1, "self_attn.q_proj": 2})"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(PeftScale(*config, "model.layers.0.self_attn.q_proj", 4)
                .status()
                .message(),
            "Invalid adapter config: \"alpha_pattern\" gives "
            "\"model.layers.0.self_attn.q_proj\" both 1 and 2");
}

}  // namespace
}  // namespace pedigree
