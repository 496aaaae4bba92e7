#include "runtime/commands/eval_command.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/assembly_files.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

struct EvalOptions {
  AssemblyOptions assembly;
  std::string suite;
  std::string out;
  std::string diagnostics;
  std::string source_kind = "deterministic-smoke";
  std::string manifest;
};

absl::StatusOr<std::string> ManifestDigest(const EvalOptions& options) {
  const std::string path =
      options.manifest.empty()
          ? absl::StrCat(options.assembly.model, ".manifest.json")
          : options.manifest;
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile manifest, MappedFile::Open(path));
  return Sha256(manifest.bytes()).ToString();
}

absl::StatusOr<std::string> MakeRequest(const EvalOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(options.suite, kMaxSuiteBytes));
  absl::StatusOr<Json> suite = ParseJson(text, "suite");
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(suite.status(), options.suite));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string manifest_digest,
                            ManifestDigest(options));
  return CanonicalJson({{"manifest_digest", manifest_digest},
                        {"source_kind", options.source_kind},
                        {"suite", *std::move(suite)}});
}

// The counted diagnostics of the run, which the sidecar holds.
absl::Status WriteCounted(const std::string& path,
                          const std::string& sidecar) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(sidecar, "sidecar"));
  return WriteFileAtomically(path, CanonicalJson(json.at("counted")));
}

absl::StatusOr<Outcome> RunEval(const EvalOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string request, MakeRequest(options));
  PEDIGREE_ASSIGN_OR_RETURN(LoadedAssembly assembly,
                            LoadedAssembly::Open(options.assembly));
  absl::StatusOr<std::string> sidecar =
      RunEvalRequest(request, assembly.runtime());
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(sidecar.status(), options.suite));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, *sidecar));
  if (!options.diagnostics.empty()) {
    PEDIGREE_RETURN_IF_ERROR(WriteCounted(options.diagnostics, *sidecar));
  }
  return Outcome::kGood;
}

}  // namespace

void AddEvalCommand(CommandLine& command_line, SiblingFinder find_siblings) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "eval", "Run a frozen suite and write the sidecar",
      [options] { return RunEval(*options); });
  AddAssemblyOptions(*command, std::move(find_siblings), options->assembly);
  command->add_option("--suite", options->suite, "The frozen suite")
      ->type_name("FILE")
      ->required();
  command->add_option("--out", options->out, "Where the sidecar goes")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--diagnostics", options->diagnostics,
                   "Write the counted diagnostics of the run there")
      ->type_name("FILE");
  command
      ->add_option("--source-kind", options->source_kind,
                   "What the evidence may claim")
      ->capture_default_str();
  command
      ->add_option("--manifest", options->manifest,
                   "The model's manifest; by default MODEL.manifest.json")
      ->type_name("FILE");
}

}  // namespace pedigree
