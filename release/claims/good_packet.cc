#include "release/claims/good_packet.h"

#include <cstdio>

#include "release/verify.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<std::optional<StatementParts>> LoadGoodPacket(
    const std::string& directory) {
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report, VerifyPacket(directory));
  for (const std::string& fault : report.faults) {
    std::fprintf(stderr, "fault: %s\n", fault.c_str());
  }
  if (!report.faults.empty()) return std::nullopt;
  PEDIGREE_ASSIGN_OR_RETURN(StatementParts parts,
                            LoadStatementParts(directory, *report.digest));
  return parts;
}

}  // namespace pedigree
