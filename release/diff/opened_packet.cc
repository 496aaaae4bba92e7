#include "release/diff/opened_packet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/layer.h"
#include "release/layout.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status Invalid(const std::string& directory, std::string_view fault) {
  return absl::InvalidArgumentError(absl::StrCat(directory, ": ", fault));
}

}  // namespace

absl::StatusOr<OpenedPacket> OpenedPacket::Open(const std::string& directory) {
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFiles files,
                            PacketFiles::OpenLayout(directory));
  if (!files.faults().empty()) return Invalid(directory, files.faults()[0]);
  absl::StatusOr<PacketManifest> manifest = ReadPacketManifest(files);
  if (!manifest.ok()) return AnnotateWithPath(manifest.status(), directory);
  OpenedPacket packet;
  packet.directory_ = directory;
  packet.manifest_ = *std::move(manifest);
  packet.blobs_ = BlobsOf(packet.manifest());
  packet.blobs_[0].file_path = kConfigName;
  PEDIGREE_RETURN_IF_ERROR(packet.IndexNames());
  for (const Descriptor& blob : packet.blobs_) {
    const auto file = files.blobs().find(blob.digest);
    if (file == files.blobs().end()) {
      return Invalid(directory,
                     absl::StrCat("Missing blob ", blob.digest.ToString(), ": ",
                                  blob.file_path));
    }
    if (file->second != blob.size) {
      return absl::DataLossError(
          absl::StrCat(directory, ": Corrupted ", blob.file_path, ": size is ",
                       file->second, " (expected ", blob.size, ")"));
    }
  }
  return packet;
}

absl::Status OpenedPacket::IndexNames() {
  for (size_t i = 0; i < blobs_.size(); ++i) {
    const Descriptor& blob = blobs_[i];
    if (!IsSafeFilePath(blob.file_path)) {
      return Invalid(directory_,
                     "Invalid packet manifest: unsafe file name of "
                     "layer " +
                         blob.digest.ToString());
    }
    if (!places_.emplace(blob.file_path, i).second) {
      return Invalid(directory_,
                     absl::StrCat("Invalid packet manifest: two layers are "
                                  "named ",
                                  blob.file_path));
    }
  }
  return absl::OkStatus();
}

const Descriptor* OpenedPacket::Find(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &blobs_[place->second];
}

absl::StatusOr<MappedFile> OpenedPacket::OpenBlob(const Descriptor& blob) const {
  PEDIGREE_ASSIGN_OR_RETURN(
      MappedFile file, MappedFile::Open(BlobPath(directory_, blob.digest)));
  constexpr size_t kPieceBytes = size_t{1} << 20;
  Sha256Stream stream;
  for (ByteSpan rest = file.bytes(); !rest.empty();) {
    const ByteSpan piece = rest.first(std::min(kPieceBytes, rest.size()));
    stream.Update(piece);
    file.Release(piece);
    rest.remove_prefix(piece.size());
  }
  const Digest found = stream.Finish();
  if (found == blob.digest) return file;
  return absl::DataLossError(absl::StrCat(
      directory_, ": Corrupted ", blob.file_path, ": digest is ",
      found.ToString(), " (expected ", blob.digest.ToString(), ")"));
}

absl::Status OpenedPacket::CheckBlobs() const {
  for (const Descriptor& blob : blobs_) {
    PEDIGREE_RETURN_IF_ERROR(OpenBlob(blob).status());
  }
  return absl::OkStatus();
}

}  // namespace pedigree
