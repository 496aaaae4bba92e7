// A verified packet, told to people and to programs.

#ifndef PEDIGREE_RELEASE_INSPECT_H_
#define PEDIGREE_RELEASE_INSPECT_H_

#include <string>

#include "release/verify.h"
#include "runtime/base/json.h"

namespace pedigree {

// What the release is, what it stands on, its lineage, and a table of its
// layers; lines that each end with a line feed. `report` has no faults.
std::string DescribePacket(const VerifyReport& report);

// {"digest", "layers": [{"digest", "media_type", "name", "size"}], "record"}.
Json PacketToJson(const VerifyReport& report);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_INSPECT_H_
