#include "packager/kept_result.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/receipt.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<KeptResult> ReadKeptResult(const std::string& path) {
  KeptResult kept;
  kept.path = path;
  PEDIGREE_ASSIGN_OR_RETURN(kept.bytes, ReadFile(path));
  const std::string receipt_path = path + ".receipt.json";
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, ReadFile(receipt_path));
  absl::StatusOr<packager::Receipt> receipt = ParseReceipt(text);
  if (!receipt.ok()) return AnnotateWithPath(receipt.status(), receipt_path);
  kept.receipt = *std::move(receipt);
  return kept;
}

absl::StatusOr<OperatorOutput> TakeKeptResult(
    const KeptResult& kept, std::string_view operator_name,
    const packager::OperatorConfig& config,
    absl::Span<const OperatorInput> inputs) {
  OperatorOutput output;
  output.role = kept.receipt.output().role();
  output.bytes = kept.bytes;
  output.digest = Sha256(output.bytes);
  output.file_bytes = output.bytes.size();
  if (kept.receipt.has_training()) output.training = kept.receipt.training();
  const std::string difference = ReceiptDifference(
      kept.receipt, MakeReceipt(operator_name, config, inputs, output));
  if (!difference.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(kept.path, ": Stale kept result: ", difference,
                     "; train it again"));
  }
  return output;
}

}  // namespace pedigree
