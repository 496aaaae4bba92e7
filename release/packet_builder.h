// From parts to packet: a pure function, so that a verifier can make the
// record, config and manifest again and compare. Specification:
// docs/formats/packet.md.

#ifndef PEDIGREE_RELEASE_PACKET_BUILDER_H_
#define PEDIGREE_RELEASE_PACKET_BUILDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layer.h"
#include "release/packet_contents.h"

namespace pedigree {

// The documents that building adds, as bytes, and every layer in order.
struct BuiltPacket {
  std::string record;
  std::string bom;
  std::string release_node;
  std::string config;
  std::string manifest;
  std::vector<Layer> layers;
};

// Describes the packet made of `contents`, which CheckCrossLinks found nothing
// wrong with.
//
// Errors: kInvalidArgument for a release name, version, or name of a suite or
// licence that makes no safe file name.
absl::StatusOr<BuiltPacket> BuildPacket(const PacketContents& contents);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PACKET_BUILDER_H_
