// From the files of a release to its packet: load, check, describe, and, when
// asked, lay out.

#ifndef PEDIGREE_RELEASE_MAKE_PACKET_H_
#define PEDIGREE_RELEASE_MAKE_PACKET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layout.h"
#include "release/packet_builder.h"
#include "release/packet_request.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A packet that may be made, or why not.
struct MadePacket {
  // What speaks against a packet, one line each. When there is any, the rest is
  // empty.
  std::vector<std::string> refusals;
  BuiltPacket packet;
  // Where the blobs lie that building did not make.
  std::vector<BlobSource> blobs;
};

// Loads and checks the files of `request` and describes their packet. Writes
// nothing.
//
// Errors: as LoadRequest and BuildPacket.
absl::StatusOr<MadePacket> MakePacket(const PacketRequest& request);

// Writes the packet's layout to the new folder `out`, all or nothing.
absl::Status WritePacket(const MadePacket& made, const std::string& out);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_MAKE_PACKET_H_
