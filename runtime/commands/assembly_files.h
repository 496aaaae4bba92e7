// A model file and the adapter files on top of it, as commands name them.

#ifndef PEDIGREE_RUNTIME_COMMANDS_ASSEMBLY_FILES_H_
#define PEDIGREE_RUNTIME_COMMANDS_ASSEMBLY_FILES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/sha256.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine_config.h"
#include "runtime/exports/runtime.h"

namespace pedigree {

// The siblings of a model that receipts show, by the receipts' paths. What
// packager/siblings.h has; the runtime reads no receipts of its own.
using SiblingFinder = std::function<absl::StatusOr<std::vector<Sibling>>(
    const Digest& model, const std::vector<std::string>& receipts)>;

// The options of every command that runs a model.
struct AssemblyOptions {
  std::string model;
  std::vector<std::string> adapters;  // in order of application
  bool allow_repeated_adapter = false;
  // Empty in a command that has no finder.
  std::vector<std::string> adapter_receipts;
  SiblingFinder find_siblings;
  // "sha256:..", or empty: what the model file must be, checked before
  // anything in it is read.
  std::string expect_digest;
  EngineOptions engine;
};

// Adds the positional MODEL and the options above to `command`;
// --adapter-receipt only with a finder. `options` must live as long as the
// command.
void AddAssemblyOptions(CLI::App& command, SiblingFinder find_siblings,
                        AssemblyOptions& options);

// A runtime with the model loaded and the adapters applied.
class LoadedAssembly {
 public:
  // Errors: those of MakeEngineConfig; those of MappedFile::Open,
  // Runtime::LoadModel and Runtime::ApplyAdapter with the file's path;
  // kFailedPrecondition when the digest is not the expected one; those of the
  // finder.
  static absl::StatusOr<LoadedAssembly> Open(const AssemblyOptions& options);

  Runtime& runtime() { return *runtime_; }

 private:
  explicit LoadedAssembly(const EngineConfig& config);

  std::unique_ptr<Runtime> runtime_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_ASSEMBLY_FILES_H_
