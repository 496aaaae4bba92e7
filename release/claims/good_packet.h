// Packets as commands about claims need them: verified, then read.

#ifndef PEDIGREE_RELEASE_CLAIMS_GOOD_PACKET_H_
#define PEDIGREE_RELEASE_CLAIMS_GOOD_PACKET_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "release/statements/statement_parts.h"

namespace pedigree {

// Verifies the packet in `directory`; what is wrong with it is printed on
// stderr, and there is no result then.
absl::StatusOr<std::optional<StatementParts>> LoadGoodPacket(
    const std::string& directory);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_GOOD_PACKET_H_
