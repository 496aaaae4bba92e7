#include "release/make_packet.h"

#include <utility>

#include "release/cross_links.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<MadePacket> MakePacket(const PacketRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(LoadedRequest loaded, LoadRequest(request));
  MadePacket made;
  made.refusals = CheckCrossLinks(loaded.contents);
  if (!made.refusals.empty()) return made;
  PEDIGREE_ASSIGN_OR_RETURN(made.packet, BuildPacket(loaded.contents));
  made.blobs = std::move(loaded.blobs);
  return made;
}

absl::Status WritePacket(const MadePacket& made, const std::string& out) {
  return WriteLayout(
      made.packet.manifest,
      {made.packet.config, made.packet.record, made.packet.release_node,
       made.packet.bom},
      made.blobs, out);
}

}  // namespace pedigree
