// The whole loop on plain files, without a build system: load, validate,
// apply, evaluate, read diagnostics, gate, packet.

#ifndef PEDIGREE_EXPERIMENT_EXPERIMENT_H_
#define PEDIGREE_EXPERIMENT_EXPERIMENT_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/command_line.h"

namespace pedigree {

// What to try. Beside the model lie its manifest and derivation node
// (MODEL.manifest.json, MODEL.node.json) and beside each adapter its manifest,
// as `import` and `adapter` write them.
struct ExperimentOptions {
  std::string model;
  // In the order of application; at least one.
  std::vector<std::string> adapters;
  // A frozen suite.
  std::string suite;
  // A gate policy. Default: every case must pass, and the claim is the
  // strongest that `source_kind` can bear.
  std::string policy;
  // What the model's evidence may claim.
  std::string source_kind = "deterministic-smoke";
  std::string name = "experiment";
  std::string version = "0.0.0";
  // Derivation nodes of the model's ancestors.
  std::vector<std::string> ancestors;
  std::vector<std::string> licenses;
  // Pairs of target and path. Default: none, and the record says so.
  std::vector<std::pair<std::string, std::string>> runtimes;
  // The new folder: the packet directory `packet`, and the records it was made
  // from. Appears whole, and only when no stage refuses.
  std::string out;
};

// Runs the stages in order and prints a line for each through `print` (without
// line feed). A stage that refuses what it was given prints
//
//   REJECT at <stage>: <reason>
//
// and ends the experiment with Outcome::kBad; nothing is left in `out`.
//
// Errors: a file that cannot be read or written, or an `out` that exists.
absl::StatusOr<Outcome> RunExperiment(
    const ExperimentOptions& options,
    const std::function<void(std::string_view)>& print);

}  // namespace pedigree

#endif  // PEDIGREE_EXPERIMENT_EXPERIMENT_H_
