// A result that was trained earlier and kept, taken instead of training again.

#ifndef PEDIGREE_PACKAGER_KEPT_RESULT_H_
#define PEDIGREE_PACKAGER_KEPT_RESULT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/operators.h"
#include "packager/records.pb.h"

namespace pedigree {

struct KeptResult {
  // Begins the messages of errors.
  std::string path;
  std::string bytes;
  // Of the run that made it.
  packager::Receipt receipt;
};

// Reads `path` and `<path>.receipt.json`. Errors: those of ReadFile and
// ParseReceipt.
absl::StatusOr<KeptResult> ReadKeptResult(const std::string& path);

// What running the operator on `inputs` would give, by the kept receipt: nothing
// is trained, so that this says no more than that receipt does.
//
// Errors: kFailedPrecondition when the receipt is of another operator, config,
// input or output.
absl::StatusOr<OperatorOutput> TakeKeptResult(
    const KeptResult& kept, std::string_view operator_name,
    const packager::OperatorConfig& config,
    absl::Span<const OperatorInput> inputs);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_KEPT_RESULT_H_
