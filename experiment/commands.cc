#include "experiment/commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "experiment/experiment.h"

namespace pedigree {
namespace {

struct CommandOptions {
  ExperimentOptions experiment;
  std::string native_runtime;
  std::string wasm_runtime;
};

void PrintLine(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

absl::StatusOr<Outcome> Run(const CommandOptions& options) {
  ExperimentOptions experiment = options.experiment;
  if (!options.native_runtime.empty()) {
    experiment.runtimes.emplace_back("linux-x86_64", options.native_runtime);
  }
  if (!options.wasm_runtime.empty()) {
    experiment.runtimes.emplace_back("wasm32", options.wasm_runtime);
  }
  return RunExperiment(experiment, PrintLine);
}

}  // namespace

void AddExperimentCommand(CommandLine& command_line) {
  auto options = std::make_shared<CommandOptions>();
  ExperimentOptions& e = options->experiment;
  CLI::App* command = command_line.Add(
      nullptr, "experiment",
      "Try adapters on a model: from plain files to a verified packet",
      [options] { return Run(*options); });
  command
      ->add_option("model", e.model,
                   "The parent; its manifest and node lie beside it")
      ->required();
  command
      ->add_option("--adapter", e.adapters,
                   "Adapter, in order; its manifest lies beside it")
      ->required();
  command->add_option("--suite", e.suite, "Frozen suite")->required();
  command->add_option("--out", e.out, "The new folder")->required();
  command->add_option("--policy", e.policy,
                      "Gate policy; by default every case must pass");
  command
      ->add_option("--source-kind", e.source_kind,
                   "What the evidence may claim")
      ->capture_default_str();
  command->add_option("--name", e.name, "Name of the release")
      ->capture_default_str();
  command->add_option("--version", e.version, "Version of the release")
      ->capture_default_str();
  command->add_option("--ancestor", e.ancestors,
                      "Derivation node of an ancestor of the model");
  command->add_option("--license", e.licenses, "Licence text");
  command->add_option("--native-runtime", options->native_runtime,
                      "Runtime for linux-x86_64; by default none is packed");
  command->add_option("--wasm-runtime", options->wasm_runtime,
                      "Runtime for wasm32; by default none is packed");
}

}  // namespace pedigree
