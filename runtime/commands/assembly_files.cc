#include "runtime/commands/assembly_files.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/exports/runtime.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

uint64_t SteadyNanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

absl::Status CheckDigest(const std::string& expected, ByteSpan bytes) {
  if (expected.empty()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(expected));
  const Digest computed = Sha256(bytes);
  if (computed == digest) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("Invalid model: digest is ", computed.ToString(),
                   " (expected ", digest.ToString(), ")"));
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

// "scalar, sse4, ..": what this machine runs.
std::string SupportedNames() {
  return absl::StrJoin(SupportedTargets(), ", ",
                       [](std::string* out, Target target) {
                         absl::StrAppend(out, TargetName(target));
                       });
}

absl::StatusOr<RuntimeOptions> MakeRuntimeOptions(
    const AssemblyOptions& options) {
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid --threads: ", options.threads, " (expected 1..",
                     kMaxThreads, ")"));
  }
  RuntimeOptions runtime;
  runtime.threads = options.threads == 0 ? AvailableThreads() : options.threads;
  runtime.repack = !options.no_repack;
  if (options.target.empty()) return runtime;
  runtime.target = TargetByName(options.target);
  if (!runtime.target.has_value() ||
      FindKernels(*runtime.target) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid --target: \"", options.target,
                     "\" (this machine has ", SupportedNames(), ")"));
  }
  return runtime;
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
                   "Leave the weights as they lie in the file: half the "
                   "memory, slower");
}

absl::StatusOr<LoadedAssembly> LoadedAssembly::Open(
    const AssemblyOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(MappedFile model, MappedFile::Open(options.model));
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
      CheckDigest(options.expect_digest, model.bytes()), options.model));
  PEDIGREE_ASSIGN_OR_RETURN(const RuntimeOptions runtime_options,
                            MakeRuntimeOptions(options));
  LoadedAssembly assembly(std::move(model), runtime_options);
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
      assembly.runtime_->LoadModel(assembly.model_.bytes()), options.model));
  PEDIGREE_RETURN_IF_ERROR(ApplyAdapters(options, *assembly.runtime_));
  return assembly;
}

LoadedAssembly::LoadedAssembly(MappedFile model, const RuntimeOptions& options)
    : model_(std::move(model)), runtime_(std::make_unique<Runtime>(options)) {
  runtime_->SetClock(SteadyNanoseconds);
}

}  // namespace pedigree
