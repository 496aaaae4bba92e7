// A verified packet, told to people and to programs.

#ifndef PEDIGREE_RELEASE_INSPECT_H_
#define PEDIGREE_RELEASE_INSPECT_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "release/verify.h"
#include "runtime/base/json.h"

namespace pedigree {

// What the release is, what it stands on, its lineage, and a table of its
// layers; lines that each end with a line feed. `report` has no faults.
std::string DescribePacket(const VerifyReport& report);

// {"digest", "layers": [{"digest", "media_type", "name", "size"}], "record"}.
Json PacketToJson(const VerifyReport& report);

// Verifies and shows the packet directory at `path`; nothing when it is no
// folder with a layout's marker, so that other readers may be asked.
//
// Errors: kDataLoss with the first fault of the packet.
absl::StatusOr<std::optional<Json>> InspectPacketPath(const std::string& path);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_INSPECT_H_
