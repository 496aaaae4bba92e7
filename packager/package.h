// From an operator's run to the files of its result: the artifact, and beside
// it manifest, receipt and derivation node.

#ifndef PEDIGREE_PACKAGER_PACKAGE_H_
#define PEDIGREE_PACKAGER_PACKAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/kept_result.h"
#include "packager/manifest.h"
#include "packager/operators.h"
#include "packager/output_files.h"
#include "packager/records.pb.h"

namespace pedigree {

// One run to make and describe. `inputs` are borrowed.
struct PackageRequest {
  std::string operator_name;
  packager::OperatorConfig config;
  std::vector<OperatorInput> inputs;
  // Licences and terms of this step alone; those of parents and adapters are
  // added.
  PackageInfo info;
  // Of an import; descendants inherit their parent's.
  std::string base_family;
  // Nodes of the input models, in order; none for an import.
  std::vector<packager::DerivationNode> parents;
  // Manifests of the input adapters as they lie in their files, in order.
  std::vector<std::string> adapter_manifests;
  // Of operators that make models in pieces; may be null.
  Progress progress;
  // Of those that train.
  TrainingRun training_run;
  // What such a run made earlier, to take instead.
  std::optional<KeptResult> kept;
  // The artifact's path; `<out>.manifest.json`, `<out>.receipt.json` and
  // `<out>.node.json` lie beside it. An assembly writes only those three.
  std::string out;
};

// Runs import, train, quantize, fuse, merge or adapter; sets `receipt` to the
// receipt unless it is null.
//
// Errors: those of the operator or of TakeKeptResult; kFailedPrecondition when a
// node or manifest is not that of the input beside it.
absl::StatusOr<std::vector<OutputFile>> PackageModel(
    PackageRequest request, packager::Receipt* receipt = nullptr);

// Runs adapter-spec, adapter-diff, adapter-import or adapter-train: the adapter
// with manifest and receipt, which `receipt` is set to unless it is null.
absl::StatusOr<std::vector<OutputFile>> PackageAdapter(
    PackageRequest request, packager::Receipt* receipt = nullptr);

// Runs tokenizer-train: the section and its receipt. `request` needs operator,
// config, inputs and `out` only.
absl::StatusOr<std::vector<OutputFile>> PackageTokenizer(
    const PackageRequest& request);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_PACKAGE_H_
