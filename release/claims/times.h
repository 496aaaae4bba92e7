// Times as policies write them.

#ifndef PEDIGREE_RELEASE_CLAIMS_TIMES_H_
#define PEDIGREE_RELEASE_CLAIMS_TIMES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pedigree {

// Reads "2027-01-31T00:00:00Z": UTC, whole seconds, nothing else.
absl::StatusOr<absl::Time> ParseUtc(std::string_view text,
                                    std::string_view what);

std::string FormatUtc(absl::Time time);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_TIMES_H_
