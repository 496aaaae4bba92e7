#include "packager/checkpoints/hf_config.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/checkpoints/config_reader.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Keys that say nothing about what the model computes, or what is given
// elsewhere: training, bookkeeping, how to call it.
constexpr std::string_view kInertKeys[] = {
    "architectures",   "attention_dropout",    "dtype",
    "id2label",        "initializer_range",    "is_llama_config",
    "label2id",        "max_sequence_length",  "model_type",
    "output_attentions", "output_hidden_states", "pretraining_tp",
    "return_dict",     "task_specific_params", "torch_dtype",
    "transformers.js_config", "transformers_version", "unsloth_fixed",
    "unsloth_version", "use_cache"};

std::string Architecture(ConfigReader& reader) {
  const Json* list = reader.Find("architectures");
  if (list == nullptr || !list->is_array() || list->size() != 1 ||
      !(*list)[0].is_string()) {
    reader.Invalid("architectures", "is no list of one name");
    return "";
  }
  const std::string name = (*list)[0].get<std::string>();
  if (name != "LlamaForCausalLM" && name != "MistralForCausalLM") {
    reader.Refuse("architectures",
                  absl::StrCat("is \"", absl::CHexEscape(name.substr(0, 100)),
                               "\" (expected LlamaForCausalLM or "
                               "MistralForCausalLM)"));
  }
  return name;
}

// The type of a `rope_scaling` or `rope_parameters` object must be "default",
// which has no settings but the base.
void CheckRopeType(std::string_view key, const Json& rope,
                   ConfigReader& reader) {
  for (const char* type : {"rope_type", "type"}) {
    const auto member = rope.find(type);
    if (member == rope.end() || *member == "default") continue;
    reader.Refuse(key, absl::StrCat("is of type ", ShowJson(*member),
                                    " (expected \"default\")"));
  }
  for (const auto& [name, value] : rope.items()) {
    if (name == "rope_theta" || name == "rope_type" || name == "type") continue;
    reader.Refuse(key,
                  absl::StrCat("has ", ShowJson(name), ": ", ShowJson(value)));
  }
}

float RopeTheta(ConfigReader& reader) {
  float theta = reader.Number("rope_theta", 10000);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* rope = reader.Find(key);
    if (rope == nullptr) continue;
    if (!rope->is_object()) {
      reader.Invalid(key, "is no object");
      continue;
    }
    CheckRopeType(key, *rope, reader);
    const auto member = rope->find("rope_theta");
    if (member != rope->end()) theta = reader.NumberOf(key, *member);
  }
  return theta;
}

// A window as long as the context hides nothing.
void CheckWindow(bool mistral, uint32_t max_context, ConfigReader& reader) {
  const Json* window = reader.Find("sliding_window");
  if (window == nullptr) return;
  if (mistral && window->is_number_unsigned() &&
      window->get<uint64_t>() >= max_context) {
    return;
  }
  reader.Refuse("sliding_window", absl::StrCat("is ", ShowJson(*window),
                                               " (expected null)"));
}

void CheckLayerTypes(ConfigReader& reader) {
  const Json* types = reader.Find("layer_types");
  if (types == nullptr) return;
  for (const Json& type : *types) {
    if (type == "full_attention") continue;
    return reader.Refuse("layer_types",
                         absl::StrCat("has ", ShowJson(type),
                                      " (expected \"full_attention\")"));
  }
}

void CheckRest(ConfigReader& reader) {
  reader.Only("hidden_act", {"silu", "swish"});
  reader.Only("attention_bias", {false});
  reader.Only("mlp_bias", {false});
  reader.Only("quantization_config", {});
  reader.Only("auto_map", {});
  reader.Only("partial_rotary_factor", {1});
  reader.Only("rope_interleaved", {false});
  CheckLayerTypes(reader);
}

// One id, several in a list, or none.
absl::StatusOr<std::vector<int64_t>> TokenIds(const Json& json,
                                              std::string_view key,
                                              std::string_view what) {
  const auto member = json.find(key);
  std::vector<int64_t> ids;
  if (member == json.end() || member->is_null()) return ids;
  const Json list = member->is_array() ? *member : Json::array({*member});
  for (const Json& id : list) {
    // -1 is an old way to say none.
    if (id == -1) continue;
    if (!id.is_number_unsigned()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid ", what, ": \"", key, "\" has ", ShowJson(id),
                       " (expected a token id)"));
    }
    ids.push_back(id.get<int64_t>());
  }
  return ids;
}

absl::Status ReadTokenIds(const Json& json, std::string_view what,
                          SourceTokenIds& ids) {
  const struct {
    const char* key;
    std::optional<int64_t>* id;
  } kSingle[] = {{"bos_token_id", &ids.bos},
                 {"pad_token_id", &ids.pad},
                 {"unk_token_id", &ids.unk}};
  for (const auto& single : kSingle) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<int64_t> found,
                              TokenIds(json, single.key, what));
    if (!found.empty()) *single.id = found[0];
  }
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<int64_t> eos,
                            TokenIds(json, "eos_token_id", what));
  if (!eos.empty()) ids.eos = std::move(eos);
  return absl::OkStatus();
}

absl::StatusOr<Json> ParseObject(std::string_view text,
                                 std::string_view what) {
  PEDIGREE_ASSIGN_OR_RETURN(Json json, ParseForeignJson(text, what));
  if (json.is_object()) return json;
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": no JSON object"));
}

// Nothing when the heads don't divide the width; 0 heads are refused later.
std::optional<uint32_t> DefaultHeadDim(const ModelShape& shape) {
  if (shape.head_count == 0) return 0;
  if (shape.hidden_size % shape.head_count != 0) return std::nullopt;
  return shape.hidden_size / shape.head_count;
}

}  // namespace

absl::StatusOr<HfConfig> ParseHfConfig(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseObject(text, "config"));
  ConfigReader reader(json, "config");
  const std::string architecture = Architecture(reader);
  const bool mistral = architecture == "MistralForCausalLM";
  HfConfig config;
  ModelShape& shape = config.shape;
  shape.vocab_size = reader.Dimension("vocab_size");
  shape.hidden_size = reader.Dimension("hidden_size");
  shape.ffn_size = reader.Dimension("intermediate_size");
  shape.layer_count = reader.Dimension("num_hidden_layers");
  shape.head_count = reader.Dimension("num_attention_heads");
  shape.max_context = reader.Dimension("max_position_embeddings");
  // Mistral's class has a default of 8, Llama's means head_count.
  shape.kv_head_count =
      mistral ? reader.Dimension("num_key_value_heads")
              : reader.Dimension("num_key_value_heads", shape.head_count);
  shape.head_dim = reader.Dimension("head_dim", DefaultHeadDim(shape));
  shape.tied_output = reader.Bool("tie_word_embeddings", false);
  shape.rms_norm_epsilon = reader.Number("rms_norm_eps", 1e-6);
  shape.rope_theta = RopeTheta(reader);
  if (mistral && !json.contains("sliding_window")) {
    reader.Refuse("sliding_window",
                  "is missing, which means 4096 (expected null)");
  }
  CheckWindow(mistral, shape.max_context, reader);
  CheckRest(reader);
  for (const char* key :
       {"bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id"}) {
    reader.Find(key);
  }
  PEDIGREE_RETURN_IF_ERROR(reader.Finish(kInertKeys));
  PEDIGREE_RETURN_IF_ERROR(ReadTokenIds(json, "config", config.ids));
  return config;
}

absl::Status ParseHfGenerationConfig(std::string_view text,
                                     SourceTokenIds& ids) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json,
                            ParseObject(text, "generation config"));
  return ReadTokenIds(json, "generation config", ids);
}

}  // namespace pedigree
