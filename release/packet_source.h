// A packet wherever its bytes are: what verification reads.

#ifndef PEDIGREE_RELEASE_PACKET_SOURCE_H_
#define PEDIGREE_RELEASE_PACKET_SOURCE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/file_stream.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A file that is said to hold a blob.
struct BlobFile {
  std::string path;
  uint64_t size = 0;
  Links links = Links::kRefuse;
};

// The parts of one packet, none of which is believed yet: a blob's digest is
// what its name claims. Immutable; any number of threads may read it.
class PacketSource {
 public:
  virtual ~PacketSource() = default;

  // The blobs that are there, the manifest among them, and their sizes.
  virtual const std::map<Digest, uint64_t>& blobs() const = 0;

  // What the form holds that no packet does, a line each; in a fixed order.
  virtual const std::vector<std::string>& faults() const = 0;

  // How a fault names the blob, which is one of blobs().
  virtual std::string PlaceOf(const Digest& digest) const = 0;

  // The file that holds the blob, one of blobs(); null where it is not a file of
  // its own.
  virtual const BlobFile* FileOf(const Digest& digest) const = 0;

  // The text of "oci-layout" or "index.json", of at most kMaxIndexBytes.
  //
  // Errors: kResourceExhausted when it is longer; others when it cannot be read.
  virtual absl::StatusOr<std::string> ReadPart(std::string_view name) const = 0;

  // The bytes of a blob of blobs(). Errors as ReadSmallFile.
  virtual absl::StatusOr<std::string> ReadBlob(const Digest& digest,
                                               uint64_t max_bytes) const = 0;

  // What the bytes of a blob of blobs() really hash to. Errors as DigestFile.
  virtual absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const = 0;
};

// A packet seen through another, which must outlive it: what derived classes do
// not change is the other's.
class ForwardedPacket : public PacketSource {
 public:
  explicit ForwardedPacket(const PacketSource& packet) : packet_(packet) {}

  const std::map<Digest, uint64_t>& blobs() const override {
    return packet_.blobs();
  }
  const std::vector<std::string>& faults() const override {
    return packet_.faults();
  }
  std::string PlaceOf(const Digest& digest) const override {
    return packet_.PlaceOf(digest);
  }
  const BlobFile* FileOf(const Digest& digest) const override {
    return packet_.FileOf(digest);
  }
  absl::StatusOr<std::string> ReadPart(std::string_view name) const override {
    return packet_.ReadPart(name);
  }
  absl::StatusOr<std::string> ReadBlob(const Digest& digest,
                                       uint64_t max_bytes) const override {
    return packet_.ReadBlob(digest, max_bytes);
  }
  absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const override {
    return packet_.HashBlob(digest);
  }

 private:
  const PacketSource& packet_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PACKET_SOURCE_H_
