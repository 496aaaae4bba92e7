// adapter_config.json of a PEFT adapter.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_PEFT_CONFIG_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_PEFT_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pedigree {

// What a LoRA's factors are multiplied by.
struct PeftConfig {
  double alpha = 0;
  // Whether alpha is divided by the square root of the rank and not the rank.
  bool rank_stabilized = false;
  // Other alphas, by the end of a module's name: "q_proj",
  // "layers.3.mlp.up_proj".
  std::map<std::string, double> alpha_pattern;
};

// Reads adapter_config.json of a LoRA. As ParseHfConfig: a key that could
// change what the adapter computes is refused by name unless its value changes
// nothing; so is every key that is not known here.
//
// Errors: kInvalidArgument for what is no such file; kUnimplemented for what an
// ALR1 adapter can't express. docs/formats/import.md lists the keys.
absl::StatusOr<PeftConfig> ParsePeftConfig(std::string_view text);

// The factor of B A for `module`, such as "model.layers.0.self_attn.q_proj".
//
// Errors: kInvalidArgument when two patterns give different alphas, or for a
// factor that is 0 or not finite.
absl::StatusOr<float> PeftScale(const PeftConfig& config,
                                std::string_view module, uint32_t rank);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_PEFT_CONFIG_H_
