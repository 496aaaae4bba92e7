// What statements about a packet are made from: its manifest and documents. No
// model, adapter or runtime is read.

#ifndef PEDIGREE_RELEASE_STATEMENTS_STATEMENT_PARTS_H_
#define PEDIGREE_RELEASE_STATEMENTS_STATEMENT_PARTS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layer.h"
#include "release/packet_contents.h"
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

// Gives the bytes of a blob; they are hashed before they are believed.
using BlobReader =
    std::function<absl::StatusOr<std::string>(const Digest& digest)>;

// Reads the documents that `manifest` names. Whether they belong together is
// for VerifyPacket to say.
//
// Errors: kInvalidArgument for a manifest, record or document that is none;
// kDataLoss for a blob with another digest; those of `read_blob`.
absl::StatusOr<StatementParts> LoadStatementParts(std::string_view manifest,
                                                  const BlobReader& read_blob);

// The same of the packet directory `directory`, whose manifest is `packet`.
absl::StatusOr<StatementParts> LoadStatementParts(const std::string& directory,
                                                  const Digest& packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_STATEMENT_PARTS_H_
