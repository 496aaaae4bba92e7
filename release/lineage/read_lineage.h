// The lineage of packets on disk, and of a registry's.

#ifndef PEDIGREE_RELEASE_LINEAGE_READ_LINEAGE_H_
#define PEDIGREE_RELEASE_LINEAGE_READ_LINEAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/lineage/lineage_graph.h"

namespace pedigree {

// Of packet directories, each verified first.
//
// Errors: kDataLoss with the first fault of a packet; as VerifyPacket.
absl::StatusOr<LineageGraph> ReadPacketLineage(
    const std::vector<std::string>& packets);

// Of every packet of the registry at `directory`, with states, aliases,
// approvals and revocations. Packets were verified when they were added;
// documents are held against their digests.
absl::StatusOr<LineageGraph> ReadRegistryLineage(const std::string& directory);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_READ_LINEAGE_H_
