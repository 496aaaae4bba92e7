// Receipts: what an operator did, and doing it again to check.

#ifndef PEDIGREE_PACKAGER_RECEIPT_H_
#define PEDIGREE_PACKAGER_RECEIPT_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/operators.h"
#include "packager/records.pb.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The receipt of a run that took `inputs` and gave `output`.
packager::Receipt MakeReceipt(std::string_view operator_name,
                              const packager::OperatorConfig& config,
                              absl::Span<const OperatorInput> inputs,
                              const OperatorOutput& output);

// Reads a receipt.
//
// Errors: kInvalidArgument when `text` is no canonical receipt; kUnimplemented
// for a schema or operator version that this build does not know.
absl::StatusOr<packager::Receipt> ParseReceipt(std::string_view text);

// The first of `stored`'s fields that `computed` has otherwise, with both
// values; empty when none is.
std::string ReceiptDifference(const packager::Receipt& stored,
                              const packager::Receipt& computed);

// An input's bytes, and where they are mapped, if they are. Both must live
// until VerifyReceipt returns.
struct FoundInput {
  ByteSpan bytes;
  const MappedFile* mapped = nullptr;
};

// Finds an input by digest. Errors: kNotFound.
using FindInput =
    std::function<absl::StatusOr<FoundInput>(const Digest& digest)>;

// Runs the receipt's operator again on its inputs and makes the receipt anew.
// The receipt is true exactly when the result equals it.
//
// Errors: those of ParseReceipt, of `find_input` and of the operator;
// kUnimplemented for an operator that this build does not run.
struct ReceiptCheck {
  packager::Receipt stored;
  packager::Receipt computed;
  // The first field that differs, with both values; empty when none does.
  std::string difference;
};
absl::StatusOr<ReceiptCheck> VerifyReceipt(std::string_view receipt_text,
                                           const FindInput& find_input);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_RECEIPT_H_
