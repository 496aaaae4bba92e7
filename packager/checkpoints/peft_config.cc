#include "packager/checkpoints/peft_config.h"

#include <cmath>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/checkpoints/config_reader.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Keys that say nothing about what the adapter computes: training and
// bookkeeping. Ranks are those of the factors, and which modules have any is
// what the weights say.
constexpr std::string_view kInertKeys[] = {
    "auto_mapping",        "base_model_name_or_path", "eva_config",
    "exclude_modules",     "inference_mode",          "layers_pattern",
    "layers_to_transform", "lora_dropout",            "peft_version",
    "r",                   "rank_pattern",            "revision",
    "target_modules",      "task_type"};

void CheckType(ConfigReader& reader) {
  const Json* type = reader.Find("peft_type");
  if (type == nullptr || !type->is_string()) {
    reader.Invalid("peft_type", "is no name");
  } else if (*type != "LORA") {
    reader.Refuse("peft_type", absl::StrCat("is ", ShowJson(*type),
                                            " (expected \"LORA\")"));
  }
}

// Alphas of single modules. PEFT takes the keys for regular expressions, of
// which only plain names are read here.
std::map<std::string, double> ReadAlphaPattern(ConfigReader& reader) {
  std::map<std::string, double> pattern;
  const Json* member = reader.Find("alpha_pattern");
  if (member == nullptr) return pattern;
  if (!member->is_object()) {
    reader.Invalid("alpha_pattern", "is no object");
    return pattern;
  }
  for (const auto& [name, alpha] : member->items()) {
    for (const char c : name) {
      if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
          c == '.') {
        continue;
      }
      reader.Refuse("alpha_pattern",
                    absl::StrCat("has \"", absl::CHexEscape(name.substr(0, 100)),
                                 "\" (expected names of modules)"));
      return pattern;
    }
    pattern[name] = reader.NumberOf("alpha_pattern", alpha);
  }
  return pattern;
}

}  // namespace

absl::StatusOr<PeftConfig> ParsePeftConfig(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json,
                            ParseForeignJson(text, "adapter config"));
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        "Invalid adapter config: no JSON object");
  }
  ConfigReader reader(json, "adapter config");
  CheckType(reader);
  PeftConfig config;
  // 8 is the class's default.
  config.alpha = reader.Number("lora_alpha", 8);
  config.rank_stabilized = reader.Bool("use_rslora", false);
  config.alpha_pattern = ReadAlphaPattern(reader);
  reader.Only("use_dora", {false});
  reader.Only("use_qalora", {false});
  reader.Only("qalora_group_size", {16});
  reader.Only("fan_in_fan_out", {false});
  reader.Only("bias", {"none"});
  reader.Only("lora_bias", {false});
  reader.Only("modules_to_save", {Json::array()});
  reader.Only("trainable_token_indices", {Json::array(), Json::object()});
  reader.Only("target_parameters", {Json::array()});
  reader.Only("layer_replication", {Json::array()});
  reader.Only("alora_invocation_tokens", {});
  reader.Only("megatron_config", {});
  reader.Only("megatron_core", {"megatron.core"});
  reader.Only("ensure_weight_tying", {false});
  // Others change the base model's own weights when they start.
  reader.Only("init_lora_weights",
              {true, false, "gaussian", "orthogonal", "eva"});
  for (const char* key : {"arrow_config", "corda_config", "loftq_config",
                          "lora_ga_config"}) {
    reader.Only(key, {Json::object()});
  }
  PEDIGREE_RETURN_IF_ERROR(reader.Finish(kInertKeys));
  return config;
}

absl::StatusOr<float> PeftScale(const PeftConfig& config,
                                std::string_view module, uint32_t rank) {
  std::optional<double> alpha;
  for (const auto& [name, value] : config.alpha_pattern) {
    if (module != name && !absl::EndsWith(module, absl::StrCat(".", name))) {
      continue;
    }
    if (alpha.has_value() && *alpha != value) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid adapter config: \"alpha_pattern\" gives \"", module,
          "\" both ", *alpha, " and ", value));
    }
    alpha = value;
  }
  const double divisor = config.rank_stabilized
                             ? __builtin_sqrt(static_cast<double>(rank))
                             : static_cast<double>(rank);
  const auto scale = static_cast<float>(alpha.value_or(config.alpha) / divisor);
  if (scale == 0 || !std::isfinite(scale)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid adapter config: the factor of \"", module,
                     "\" is ", scale, " (expected finite and not 0)"));
  }
  return scale;
}

}  // namespace pedigree
