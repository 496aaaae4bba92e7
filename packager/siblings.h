// Showing by receipts that models are one another but for the storage of their
// tensors. Specification: docs/formats/adapter.md, "Siblings".

#ifndef PEDIGREE_PACKAGER_SIBLINGS_H_
#define PEDIGREE_PACKAGER_SIBLINGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A receipt as it lies in its file. `path` is only for errors.
struct ReceiptFile {
  std::string path;
  std::string text;
};

// The models that receipts of `quantize` lead to from `model`: up from outputs
// to inputs, then down from inputs to outputs, each sibling with the receipts
// of one such way. In ascending order of digest; the model itself is not among
// them.
//
// The receipts are believed: VerifyReceipt is who checks one.
//
// Errors: those of ParseReceipt; kInvalidArgument for a receipt of another
// operator or one that contradicts itself; kFailedPrecondition for one that has
// no part in any such way. All name the file.
absl::StatusOr<std::vector<Sibling>> FindSiblings(
    const Digest& model, absl::Span<const ReceiptFile> receipts);

// The same with the receipts at `paths`. Errors: those of ReadFile, too.
absl::StatusOr<std::vector<Sibling>> FindSiblingsInFiles(
    const Digest& model, const std::vector<std::string>& paths);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SIBLINGS_H_
