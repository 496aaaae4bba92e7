// A packet and its claims to a registry. Specification:
// docs/formats/distribution.md, "Push".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_PUSH_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_PUSH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/distribution/blob_upload.h"
#include "release/distribution/claim_artifact.h"
#include "release/distribution/registry_client.h"
#include "release/distribution/upload_journal.h"
#include "release/packet_files.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A packet ready to be sent: its manifest, and where the bytes of every blob are
// that the manifest names.
struct PushPacket {
  std::string manifest;
  Digest digest;
  std::vector<UploadSource> blobs;
};

// The packet in these files, from which it will be sent. The manifest has the
// digest that the index names, and every blob it names is there with its size; the
// blobs' bytes are left to VerifyPacket and to the registry, which checks them too.
//
// Errors: kInvalidArgument; kDataLoss for a manifest with another digest.
absl::StatusOr<PushPacket> OpenPushPacket(const PacketFiles& packet);

struct PushOptions {
  UploadOptions upload;
  // Blobs at a time.
  size_t parallel = 4;
};

struct PushResult {
  uint64_t blobs_sent = 0;
  uint64_t blobs_mounted = 0;
  // Of blobs, as often as they were sent.
  uint64_t bytes_sent = 0;
  // Of the artifacts that hold the claims.
  std::vector<Digest> claims;
};

// Sends the blobs that the repository lacks, then the manifest, by the tag of
// `client`'s reference, else by its digest, then the claims. When it fails, what
// the registry has got stays there and is not sent again.
absl::StatusOr<PushResult> Push(RegistryClient& client,
                                const PushPacket& packet,
                                const std::vector<ClaimFile>& claims,
                                const PushOptions& options,
                                const UploadJournal& journal);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_PUSH_H_
