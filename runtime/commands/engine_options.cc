#include "runtime/commands/engine_options.h"

#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/engine/engine_config.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// "scalar, sse4, ..": what this machine runs.
std::string SupportedNames() {
  return absl::StrJoin(SupportedTargets(), ", ",
                       [](std::string* out, Target target) {
                         absl::StrAppend(out, TargetName(target));
                       });
}

}  // namespace

void AddEngineOptions(CLI::App& command, EngineOptions& options) {
  command
      .add_option("--threads", options.threads,
                  "Threads, 1..256; by default one a core")
      ->type_name("N");
  command
      .add_option("--target", options.target,
                  absl::StrCat("Kernels: ", SupportedNames(),
                               "; by default the last"))
      ->envname("PEDIGREE_TARGET")
      ->type_name("NAME");
  command.add_flag("--no-repack", options.no_repack,
                   "Leave the weights as they lie in the file: slower, and "
                   "memory that the system can take back");
}

absl::StatusOr<EngineConfig> MakeEngineConfig(const EngineOptions& options) {
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid --threads: ", options.threads, " (expected 1..",
                     kMaxThreads, ")"));
  }
  EngineConfig config;
  config.threads = options.threads == 0 ? AvailableThreads() : options.threads;
  config.repack = !options.no_repack;
  config.sequences = options.sequences;
  if (options.target.empty()) return config;
  const std::optional<Target> target = TargetByName(options.target);
  config.kernels = target.has_value() ? FindKernels(*target) : nullptr;
  if (config.kernels == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid --target: \"", options.target,
                     "\" (this machine has ", SupportedNames(), ")"));
  }
  return config;
}

}  // namespace pedigree
