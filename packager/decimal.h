// binary32 values as decimal text, the same on every machine and locale.

#ifndef PEDIGREE_PACKAGER_DECIMAL_H_
#define PEDIGREE_PACKAGER_DECIMAL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pedigree {

// The shortest text that reads back as `value`, which must be finite: "0.1",
// "1e-05", "10000".
std::string FormatDecimal(float value);

// Reads digits with an optional sign, point and exponent, rounded to nearest.
// `what` names the value in errors.
//
// Errors: kInvalidArgument for other text and for what lies past the range
// of binary32 at either end.
absl::StatusOr<float> ParseDecimal(std::string_view text,
                                   std::string_view what);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_DECIMAL_H_
