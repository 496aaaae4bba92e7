// A packet as one file: a tar of its blobs in a fixed order, compressed by zstd.
// Specification: docs/formats/packet.md, "Packed form".

#ifndef PEDIGREE_RELEASE_ARCHIVE_PACKED_PACKET_H_
#define PEDIGREE_RELEASE_ARCHIVE_PACKED_PACKET_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/archive/frame_reader.h"
#include "release/archive/tar_header.h"
#include "release/file_stream.h"
#include "release/packet_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Documents of more bytes in all are not kept, so that they cannot be verified.
inline constexpr uint64_t kMaxKeptBytes = uint64_t{512} << 20;

// Takes the files of a packed packet as they pass.
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  // The name is "oci-layout", "index.json" or that of a blob that index or
  // manifest ask for, and none comes twice.
  virtual absl::Status Begin(const TarEntry& entry) = 0;
  virtual absl::Status Write(ByteSpan bytes) = 0;
  virtual absl::Status End() = 0;
};

// What was seen of a packed packet that was read once from front to back:
// documents, and the digest of everything else. Index and manifest are what the
// form says; other blobs may have any contents, since verifying compares them.
class PackedPacket final : public PacketSource {
 public:
  // Reads all of it. `sink` may be null.
  //
  // Errors: those of FrameReader and of the sink; kInvalidArgument for what is no
  // packet in its packed form, kDataLoss for a manifest with another digest.
  static absl::StatusOr<PackedPacket> Read(ReadBytes input,
                                           const FrameLimits& limits,
                                           EntrySink* sink);

  const std::map<Digest, uint64_t>& blobs() const override { return blobs_; }
  const std::vector<std::string>& faults() const override { return faults_; }
  std::string PlaceOf(const Digest& digest) const override;
  const BlobFile* FileOf(const Digest&) const override { return nullptr; }
  absl::StatusOr<std::string> ReadPart(std::string_view name) const override;
  absl::StatusOr<std::string> ReadBlob(const Digest& digest,
                                       uint64_t max_bytes) const override;
  absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const override;

 private:
  friend class PackedReader;
  PackedPacket() = default;

  std::string index_;
  std::map<Digest, uint64_t> blobs_;
  std::map<Digest, FileDigest> hashes_;
  std::map<Digest, std::string> documents_;
  std::vector<std::string> faults_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_PACKED_PACKET_H_
