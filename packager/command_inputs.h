// What the packager's subcommands share: options, and files mapped as inputs of
// an operator.

#ifndef PEDIGREE_PACKAGER_COMMAND_INPUTS_H_
#define PEDIGREE_PACKAGER_COMMAND_INPUTS_H_

#include <deque>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "packager/manifest.h"
#include "packager/operators.h"
#include "packager/package.h"
#include "runtime/base/file.h"

namespace pedigree {

// Options of every subcommand that makes an artifact.
struct PackageOptions {
  std::string out;
  std::string name;
  std::string version = "0.0.0";
  // "SPDX-ID=FILE" each.
  std::vector<std::string> licenses;
  // "SCALE=LEVEL" each.
  std::vector<std::string> restrictions;
};

// Adds --out, --name, --version, --license and --restriction to `command`.
void AddPackageOptions(CLI::App* command, PackageOptions* options);

// Options of subcommands that store matrices.
struct StorageOptions {
  std::string dtype = "f32";
  std::string q8_0_group = "row";
  // "PATTERN=DTYPE" each.
  std::vector<std::string> tensors;
  // Whether to print StorageReport.
  bool report = false;
};

// Adds --report, whether to print StorageReport.
void AddReportOption(CLI::App* command, bool* report);

// Adds --dtype, --q8-0-group, --tensor and --report.
void AddStorageOptions(CLI::App* command, StorageOptions* options);

// Sets the storage that `config` asks for. Errors: kInvalidArgument for a
// --tensor that is not PATTERN=DTYPE.
absl::Status SetStorage(const StorageOptions& options,
                        packager::OperatorConfig& config);

// Name (by default the file name of --out without its extension), version,
// digests of the licence files and restrictions. Errors: kInvalidArgument for a
// licence that is not SPDX-ID=FILE; those of MappedFile::Open and Terms::Parse.
absl::StatusOr<PackageInfo> ReadPackageInfo(const PackageOptions& options);

// Files mapped while an operator runs on them.
class MappedInputs {
 public:
  // Maps one more file and starts to hash it.
  absl::Status Add(std::string role, const std::string& path);

  const std::vector<OperatorInput>& inputs() const { return inputs_; }

 private:
  std::deque<MappedFile> files_;  // never move: inputs point at them
  std::vector<OperatorInput> inputs_;
};

// The request of `operator_name` with what `options` and `inputs` give.
absl::StatusOr<PackageRequest> MakeRequest(std::string operator_name,
                                           const PackageOptions& options,
                                           const MappedInputs& inputs);

// Adds the node at `path`, by default `<model>.node.json`, as the parent.
absl::Status AddParentNode(const std::string& path, const std::string& model,
                           PackageRequest& request);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_COMMAND_INPUTS_H_
