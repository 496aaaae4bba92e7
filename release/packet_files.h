// A packet whose blobs are files of this machine: a packet directory, or the
// files that a build described, of which no copy was made.

#ifndef PEDIGREE_RELEASE_PACKET_FILES_H_
#define PEDIGREE_RELEASE_PACKET_FILES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/oci.h"
#include "release/packet_source.h"
#include "runtime/base/sha256.h"

namespace pedigree {

class PacketFiles final : public PacketSource {
 public:
  // The packet in the OCI image layout at `directory`.
  //
  // Errors: kNotFound or kInvalidArgument when `directory` is no folder; what is
  // wrong inside is among faults().
  static absl::StatusOr<PacketFiles> OpenLayout(const std::string& directory);

  // The packet of the OCI manifest at `manifest_path`, its blobs where the blob
  // list at `blob_list_path` says. Links are followed.
  //
  // Errors: kNotFound and others when one of the two cannot be read, and
  // kInvalidArgument for a malformed list. A blob whose file is not there is
  // among faults().
  static absl::StatusOr<PacketFiles> OpenDescribed(
      const std::string& manifest_path, const std::string& blob_list_path);

  const std::map<Digest, uint64_t>& blobs() const override { return blobs_; }
  const std::vector<std::string>& faults() const override { return faults_; }
  std::string PlaceOf(const Digest& digest) const override;
  const BlobFile* FileOf(const Digest& digest) const override;
  absl::StatusOr<std::string> ReadPart(std::string_view name) const override;
  absl::StatusOr<std::string> ReadBlob(const Digest& digest,
                                       uint64_t max_bytes) const override;
  absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const override;

 private:
  PacketFiles() = default;
  void AddFile(const Digest& digest, BlobFile file);

  // Empty for a described packet.
  std::string directory_;
  // Of a described packet, whose index and marker are in no file.
  std::string index_;
  std::map<Digest, uint64_t> blobs_;
  std::map<Digest, BlobFile> files_;
  std::vector<std::string> faults_;
};

// The manifest that the packet's index names, once its bytes are known to have
// the digest that the index gives.
struct PacketManifest {
  Descriptor descriptor;
  std::string text;
  OciManifest manifest;
};

// Errors: kInvalidArgument or kDataLoss with the first fault.
absl::StatusOr<PacketManifest> ReadPacketManifest(const PacketSource& source);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PACKET_FILES_H_
