// A rederivation as text, as a report and as a claim. Specification:
// docs/formats/audit.md.

#ifndef PEDIGREE_RELEASE_REDERIVE_REPORT_H_
#define PEDIGREE_RELEASE_REDERIVE_REPORT_H_

#include <string>

#include "release/rederive/rederive.h"
#include "runtime/base/json.h"

namespace pedigree {

inline constexpr std::string_view kRederivationSchema =
    "pedigree.rederivation.v1";
inline constexpr std::string_view kRederivationPredicateType =
    "https://pedigree.dev/rederivation/v1";

// For people; ends with "rederive: GOOD", "BAD" or "COULD-NOT-RUN".
std::string DescribeRederivation(const Rederivation& rederivation);

Json RederivationToJson(const Rederivation& rederivation);

// An unsigned in-toto Statement v1 whose subject is the packet.
Json RederivationStatement(const Rederivation& rederivation);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_REPORT_H_
