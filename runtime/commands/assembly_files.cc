#include "runtime/commands/assembly_files.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine_config.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/exports/runtime.h"

namespace pedigree {
namespace {

uint64_t SteadyNanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

absl::Status LoadModel(const AssemblyOptions& options, Runtime& runtime) {
  std::optional<Digest> expected;
  if (!options.expect_digest.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(expected, ParseDigest(options.expect_digest));
  }
  PEDIGREE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(options.model));
  return AnnotateWithPath(
      runtime.LoadModel(std::make_unique<const MappedFile>(std::move(file)),
                        expected),
      options.model);
}

absl::Status ApplyAdapters(const AssemblyOptions& options, Runtime& runtime) {
  std::vector<Sibling> siblings;
  if (!options.adapter_receipts.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(const Subject subject, runtime.GetSubject());
    PEDIGREE_ASSIGN_OR_RETURN(
        siblings, options.find_siblings(subject.model_digest,
                                        options.adapter_receipts));
  }
  ApplyOptions apply;
  apply.allow_repeat = options.allow_repeated_adapter;
  apply.siblings = siblings;
  for (const std::string& path : options.adapters) {
    PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
    PEDIGREE_RETURN_IF_ERROR(
        AnnotateWithPath(runtime.ApplyAdapter(file.bytes(), apply), path));
  }
  return absl::OkStatus();
}

}  // namespace

void AddAssemblyOptions(CLI::App& command, SiblingFinder find_siblings,
                        AssemblyOptions& options) {
  command.add_option("MODEL", options.model, "The .slm file")->required();
  command
      .add_option("--adapter", options.adapters,
                  "Adapter to apply; may be given again, in order")
      ->type_name("FILE");
  command.add_flag("--allow-repeated-adapter", options.allow_repeated_adapter,
                   "Apply an adapter that is applied already once more");
  options.find_siblings = std::move(find_siblings);
  if (options.find_siblings) {
    command
        .add_option("--adapter-receipt", options.adapter_receipts,
                    "Receipt of quantize by which an adapter of a sibling "
                    "fits the model; may be given again")
        ->type_name("FILE");
  }
  command
      .add_option("--expect-digest", options.expect_digest,
                  "sha256:.. that the model file must have")
      ->type_name("DIGEST");
  AddEngineOptions(command, options.engine);
}

absl::StatusOr<LoadedAssembly> LoadedAssembly::Open(
    const AssemblyOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const EngineConfig config,
                            MakeEngineConfig(options.engine));
  LoadedAssembly assembly(config);
  PEDIGREE_RETURN_IF_ERROR(LoadModel(options, *assembly.runtime_));
  PEDIGREE_RETURN_IF_ERROR(ApplyAdapters(options, *assembly.runtime_));
  return assembly;
}

LoadedAssembly::LoadedAssembly(const EngineConfig& config)
    : runtime_(std::make_unique<Runtime>(config)) {
  runtime_->SetClock(SteadyNanoseconds);
}

}  // namespace pedigree
