#include "release/packet_files.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/blob_list.h"
#include "release/layout.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<PacketFiles> PacketFiles::OpenLayout(
    const std::string& directory) {
  PacketFiles packet;
  packet.directory_ = directory;
  PEDIGREE_ASSIGN_OR_RETURN(const LayoutListing listing,
                            ListLayout(directory, &packet.faults_));
  for (const auto& [digest, size] : listing.blobs) {
    packet.AddFile(digest,
                   {BlobPath(directory, digest), size, Links::kRefuse});
  }
  return packet;
}

absl::StatusOr<PacketFiles> PacketFiles::OpenDescribed(
    const std::string& manifest_path, const std::string& blob_list_path) {
  PacketFiles packet;
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string manifest,
      ReadSmallFile(manifest_path, Links::kFollow, kMaxManifestBytes));
  Descriptor descriptor;
  descriptor.media_type = kManifestMediaType;
  descriptor.digest = Sha256(manifest);
  descriptor.size = manifest.size();
  packet.index_ = WriteOciIndex(descriptor);
  packet.AddFile(descriptor.digest,
                 {manifest_path, descriptor.size, Links::kFollow});
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<BlobSource> blobs,
                            ReadBlobList(blob_list_path));
  for (const BlobSource& blob : blobs) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(blob.path, error);
    if (error) {
      packet.faults_.push_back(absl::StrCat("Invalid blob list: ", blob.path,
                                            ": ", error.message(), ", blob ",
                                            blob.digest.ToString()));
      continue;
    }
    packet.AddFile(blob.digest, {blob.path, size, Links::kFollow});
  }
  return packet;
}

void PacketFiles::AddFile(const Digest& digest, BlobFile file) {
  blobs_.emplace(digest, file.size);
  files_.emplace(digest, std::move(file));
}

std::string PacketFiles::PlaceOf(const Digest& digest) const {
  if (directory_.empty()) return FileOf(digest)->path;
  return absl::StrCat("blobs/sha256/", digest.Hex());
}

const BlobFile* PacketFiles::FileOf(const Digest& digest) const {
  const auto file = files_.find(digest);
  PEDIGREE_CHECK(file != files_.end());
  return &file->second;
}

absl::StatusOr<std::string> PacketFiles::ReadPart(std::string_view name) const {
  if (!directory_.empty()) {
    return ReadSmallFile(absl::StrCat(directory_, "/", name), Links::kRefuse,
                         kMaxIndexBytes);
  }
  return name == "index.json" ? index_ : WriteOciLayoutMarker();
}

absl::StatusOr<std::string> PacketFiles::ReadBlob(const Digest& digest,
                                                  uint64_t max_bytes) const {
  const BlobFile* file = FileOf(digest);
  return ReadSmallFile(file->path, file->links, max_bytes);
}

absl::StatusOr<FileDigest> PacketFiles::HashBlob(const Digest& digest) const {
  const BlobFile* file = FileOf(digest);
  return DigestFile(file->path, file->links);
}

absl::StatusOr<PacketManifest> ReadPacketManifest(const PacketSource& source) {
  PacketManifest result;
  PEDIGREE_ASSIGN_OR_RETURN(const std::string index,
                            source.ReadPart("index.json"));
  PEDIGREE_ASSIGN_OR_RETURN(result.descriptor, ParseOciIndex(index));
  const Digest& digest = result.descriptor.digest;
  if (source.blobs().count(digest) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Missing blob ", digest.ToString(), ": packet manifest"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(result.text,
                            source.ReadBlob(digest, kMaxManifestBytes));
  if (const Digest found = Sha256(result.text); found != digest) {
    return absl::DataLossError(
        absl::StrCat("Corrupted packet manifest: digest is ", found.ToString(),
                     " (expected ", digest.ToString(), ")"));
  }
  std::vector<std::string> faults;
  result.manifest = ParseOciManifest(result.text, &faults);
  if (!faults.empty()) return absl::InvalidArgumentError(faults[0]);
  return result;
}

}  // namespace pedigree
