// The command bodies of `fuse` and `adapter stack`: a model and adapters to a
// descendant.

#ifndef PEDIGREE_PACKAGER_DESCEND_H_
#define PEDIGREE_PACKAGER_DESCEND_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "packager/command_inputs.h"
#include "runtime/base/command_line.h"

namespace pedigree {

struct DescendOptions {
  PackageOptions package;
  std::string model;
  std::vector<std::string> adapters;
  std::string parent_node;
  // In the adapters' order; `<adapter>.manifest.json` each when empty.
  std::vector<std::string> adapter_manifests;
};

void AddDescendOptions(CLI::App* command, DescendOptions* options);

// Runs `operator_name`, "fuse" or "adapter", and writes its files.
absl::StatusOr<Outcome> Descend(const std::string& operator_name,
                                const DescendOptions& options);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_DESCEND_H_
