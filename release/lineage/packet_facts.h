// What a packet's documents say of its lineage and its evidence, read without
// the rest of the packet.

#ifndef PEDIGREE_RELEASE_LINEAGE_PACKET_FACTS_H_
#define PEDIGREE_RELEASE_LINEAGE_PACKET_FACTS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "packager/records.pb.h"
#include "release/layer.h"
#include "release/oci.h"
#include "release/records.pb.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct PacketFacts {
  // Of the manifest.
  Digest digest;
  release::ReleaseRecord record;
  release::ReleaseNode release_node;
  // The release's own, then those of its ancestors.
  std::vector<packager::DerivationNode> nodes;
  std::vector<packager::Receipt> receipts;
  evaluator::Decision decision;
};

// Reads packets one after the other. Derivation nodes that many packets hold
// are parsed once. One thread at a time.
class PacketFactsReader {
 public:
  // The facts of the packet directory at `path`. Each document is held against
  // its digest before it is parsed, and the manifest against index.json;
  // nothing else is verified (see VerifyPacket).
  //
  // Errors: those of reading a file; kInvalidArgument or kDataLoss naming the
  // document.
  absl::StatusOr<PacketFacts> Read(const std::string& path);

 private:
  absl::Status ReadLayer(const std::string& path, LayerKind kind,
                         const Descriptor& layer, PacketFacts& facts);
  absl::StatusOr<packager::DerivationNode> ReadNode(const std::string& path,
                                                    const Descriptor& layer);

  std::map<Digest, packager::DerivationNode> nodes_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_PACKET_FACTS_H_
