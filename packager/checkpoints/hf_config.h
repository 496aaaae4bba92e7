// config.json and generation_config.json of a Hugging Face directory.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_HF_CONFIG_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_HF_CONFIG_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

struct HfConfig {
  // vocab_size is the source's; special_token_count is not set.
  ModelShape shape;
  SourceTokenIds ids;
};

// Reads config.json of a LlamaForCausalLM, or of a MistralForCausalLM without
// a sliding window, with the defaults of those classes in transformers. A key
// that could change what the model computes is refused by name unless its
// value changes nothing; so is every key that is not known here.
//
// Errors: kInvalidArgument for what is no such file; kUnimplemented for what
// model type 1 can't express. docs/formats/import.md lists the keys.
absl::StatusOr<HfConfig> ParseHfConfig(std::string_view text);

// Reads generation_config.json: the token ids it names replace those of `ids`.
// Sampling settings are not a model's and are left out.
//
// Errors: kInvalidArgument.
absl::Status ParseHfGenerationConfig(std::string_view text,
                                     SourceTokenIds& ids);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_HF_CONFIG_H_
