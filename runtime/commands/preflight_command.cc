#include "runtime/commands/preflight_command.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/command_line.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/engine_options.h"
#include "runtime/commands/inspect.h"
#include "runtime/commands/memory_json.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/engine/preflight.h"

namespace pedigree {
namespace {

struct PreflightOptions {
  std::string model;
  std::vector<std::string> adapters;
  EngineOptions engine;
  EngineConfig config;
  bool json = false;
};

absl::StatusOr<Outcome> RunPreflight(const PreflightOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(EngineConfig config,
                            MakeEngineConfig(options.engine));
  config.context_tokens = options.config.context_tokens;
  config.sequences = options.config.sequences;
  config.batch_tokens = options.config.batch_tokens;
  PEDIGREE_ASSIGN_OR_RETURN(
      const MemoryUse use,
      PreflightFile(options.model, config, options.adapters));
  config.context_tokens = use.context_tokens;
  const Json json = MemoryJson(use, config);
  const std::string text =
      options.json ? CanonicalJson(json) + "\n" : JsonAsText(json);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return Outcome::kGood;
}

}  // namespace

void AddPreflightCommand(CommandLine& command_line) {
  const auto options = std::make_shared<PreflightOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "preflight",
      "Tell what running a model takes, without loading it",
      [options] { return RunPreflight(*options); });
  command->add_option("MODEL", options->model, "The .slm file")->required();
  command
      ->add_option("--adapter", options->adapters,
                   "Adapter on top; may be given again, in order")
      ->type_name("FILE");
  AddEngineOptions(*command, options->engine);
  EngineConfig& config = options->config;
  command->add_option("--context", config.context_tokens,
                      "Positions of each session; by default max_context");
  command
      ->add_option("--sequences", config.sequences,
                   "Sessions at a time, 1..64")
      ->capture_default_str();
  command
      ->add_option("--batch-tokens", config.batch_tokens,
                   "Tokens of a prompt run at once, 1..64")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print canonical JSON");
}

}  // namespace pedigree
