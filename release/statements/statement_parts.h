// What statements about a packet are made from: its manifest and documents. No
// model, adapter or runtime is read.

#ifndef PEDIGREE_RELEASE_STATEMENTS_STATEMENT_PARTS_H_
#define PEDIGREE_RELEASE_STATEMENTS_STATEMENT_PARTS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "release/layer.h"
#include "release/packet_contents.h"
#include "release/packet_source.h"
#include "release/records.pb.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct StatementParts {
  // The manifest's digest: the packet's id.
  Digest packet;
  release::ReleaseRecord record;
  // In manifest order.
  std::vector<Layer> layers;
  // The documents among the layers, in manifest order.
  PacketContents contents;
};

// Reads the documents of `packet`; each is hashed before it is believed. Whether
// they belong together is for VerifyPacket to say.
//
// Errors: kInvalidArgument for a manifest, record or document that is none or is
// not there; kDataLoss for a blob with another digest; those of `packet`.
absl::StatusOr<StatementParts> LoadStatementParts(const PacketSource& packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_STATEMENT_PARTS_H_
