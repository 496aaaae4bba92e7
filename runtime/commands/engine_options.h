// How a command runs a model: threads, kernels, memory. No result depends on it.

#ifndef PEDIGREE_RUNTIME_COMMANDS_ENGINE_OPTIONS_H_
#define PEDIGREE_RUNTIME_COMMANDS_ENGINE_OPTIONS_H_

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "runtime/engine/engine_config.h"

namespace pedigree {

struct EngineOptions {
  // 0: as many as there are cores.
  int threads = 0;
  // TargetName of the kernels, or empty for the best.
  std::string target;
  // Whether weights stay as they lie in the file.
  bool no_repack = false;
  // Sequences at a time; a command's own choice.
  uint32_t sequences = 1;
};

// Adds --threads, --target (or PEDIGREE_TARGET) and --no-repack to `command`.
// `options` must live as long as the command.
void AddEngineOptions(CLI::App& command, EngineOptions& options);

// Errors: kInvalidArgument for threads or a target that this machine has not.
absl::StatusOr<EngineConfig> MakeEngineConfig(const EngineOptions& options);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_ENGINE_OPTIONS_H_
