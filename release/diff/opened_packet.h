// A packet directory opened to be looked into, blob by blob.

#ifndef PEDIGREE_RELEASE_DIFF_OPENED_PACKET_H_
#define PEDIGREE_RELEASE_DIFF_OPENED_PACKET_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/oci.h"
#include "release/packet_files.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The name by which reports call the config, which is no layer.
inline constexpr std::string_view kConfigName = "config";

// A packet whose manifest is sound and whose blobs are there, with the sizes
// that the manifest names. What is in them is checked when they are opened;
// whether they belong together is for `packet verify`.
class OpenedPacket {
 public:
  // Errors: kNotFound, kInvalidArgument or kDataLoss, naming the packet and the
  // first thing that is wrong with it.
  static absl::StatusOr<OpenedPacket> Open(const std::string& directory);

  const std::string& directory() const { return directory_; }
  // The manifest's: the packet's id.
  const Digest& digest() const { return manifest_.descriptor.digest; }
  const std::string& manifest_text() const { return manifest_.text; }
  const OciManifest& manifest() const { return manifest_.manifest; }
  // The config, named kConfigName, and the layers in their order.
  const std::vector<Descriptor>& blobs() const { return blobs_; }
  // The blob of that name, or null.
  const Descriptor* Find(std::string_view name) const;

  // Maps a blob and hashes it first.
  //
  // Errors: kDataLoss when its digest is another.
  absl::StatusOr<MappedFile> OpenBlob(const Descriptor& blob) const;

  // Hashes every blob. Errors as OpenBlob.
  absl::Status CheckBlobs() const;

 private:
  OpenedPacket() = default;

  absl::Status IndexNames();

  std::string directory_;
  PacketManifest manifest_;
  std::vector<Descriptor> blobs_;
  std::map<std::string, size_t, std::less<>> places_;  // in blobs_, by name
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_OPENED_PACKET_H_
