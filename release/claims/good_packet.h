// Packets as commands about claims need them: verified, then read.

#ifndef PEDIGREE_RELEASE_CLAIMS_GOOD_PACKET_H_
#define PEDIGREE_RELEASE_CLAIMS_GOOD_PACKET_H_

#include <optional>

#include "absl/status/statusor.h"
#include "release/statements/statement_parts.h"
#include "release/verified_packet.h"

namespace pedigree {

// Verifies the packet; what is wrong with it is printed on stderr, and there is
// no result then. Errors as VerifyRequested.
absl::StatusOr<std::optional<StatementParts>> LoadGoodPacket(
    const VerifyRequest& request);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_GOOD_PACKET_H_
