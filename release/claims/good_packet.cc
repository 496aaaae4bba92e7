#include "release/claims/good_packet.h"

#include <cstdio>

#include "release/verify.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<std::optional<StatementParts>> LoadGoodPacket(
    const VerifyRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(const VerifiedPacket packet,
                            VerifyRequested(request));
  if (!packet.report.faults.empty()) {
    PrintFaults(stderr, packet.report.faults);
    return std::nullopt;
  }
  PEDIGREE_ASSIGN_OR_RETURN(StatementParts parts,
                            LoadStatementParts(*packet.source));
  return parts;
}

}  // namespace pedigree
