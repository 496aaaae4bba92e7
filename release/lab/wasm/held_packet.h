// A packet whose host read and hashed it: what a browser hands to the verifier.

#ifndef PEDIGREE_RELEASE_LAB_WASM_HELD_PACKET_H_
#define PEDIGREE_RELEASE_LAB_WASM_HELD_PACKET_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/oci.h"
#include "release/packet_source.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A blob that a manifest names.
struct NamedBlob {
  Digest digest;
  uint64_t size = 0;
  // Empty for the config.
  std::string file_path;
  // Whether verifying parses its bytes, so that AddDocument is to be called, else
  // AddHash.
  bool is_document = false;
};

// Filled piece by piece, then verified. Documents are hashed again by whoever
// verifies; a digest given to AddHash is believed.
class HeldPacket final : public PacketSource {
 public:
  void AddFault(std::string fault) { faults_.push_back(std::move(fault)); }
  // "oci-layout" or "index.json"; no text for one that is longer than
  // kMaxIndexBytes.
  void AddPart(std::string_view name, std::optional<std::string> text);
  // A file named as a blob.
  void AddBlob(const Digest& digest, uint64_t size) { blobs_[digest] = size; }
  void AddDocument(const Digest& digest, std::string bytes);
  void AddHash(const Digest& digest, const FileDigest& found);

  // The manifest that the index names.
  //
  // Errors: those of ParseOciIndex, or that there is no index.
  absl::StatusOr<Descriptor> IndexedManifest() const;

  // Config and layers of the manifest, once AddDocument has it. `faults` gets
  // what is wrong with it.
  //
  // Errors: kFailedPrecondition without the manifest that the index names, or one
  // of another digest.
  absl::StatusOr<std::vector<NamedBlob>> NamedBlobs(
      std::vector<std::string>* faults) const;

  const std::map<Digest, uint64_t>& blobs() const override { return blobs_; }
  const std::vector<std::string>& faults() const override { return faults_; }
  std::string PlaceOf(const Digest& digest) const override;
  const BlobFile* FileOf(const Digest&) const override { return nullptr; }
  absl::StatusOr<std::string> ReadPart(std::string_view name) const override;
  absl::StatusOr<std::string> ReadBlob(const Digest& digest,
                                       uint64_t max_bytes) const override;
  absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const override;

 private:
  std::vector<std::string> faults_;
  std::map<std::string, std::optional<std::string>, std::less<>> parts_;
  std::map<Digest, uint64_t> blobs_;
  std::map<Digest, std::string> documents_;
  std::map<Digest, FileDigest> hashes_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LAB_WASM_HELD_PACKET_H_
