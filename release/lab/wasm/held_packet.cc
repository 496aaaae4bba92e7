#include "release/lab/wasm/held_packet.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/layer.h"
#include "release/layout.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

bool IsParsed(const Descriptor& blob) {
  // The config has no name.
  if (blob.file_path.empty()) return true;
  const std::optional<LayerKind> kind = LayerKindOfFilePath(blob.file_path);
  return kind.has_value() && IsDocument(*kind);
}

}  // namespace

void HeldPacket::AddPart(std::string_view name,
                         std::optional<std::string> text) {
  parts_.insert_or_assign(std::string(name), std::move(text));
}

void HeldPacket::AddDocument(const Digest& digest, std::string bytes) {
  documents_.insert_or_assign(digest, std::move(bytes));
}

void HeldPacket::AddHash(const Digest& digest, const FileDigest& found) {
  hashes_.insert_or_assign(digest, found);
}

absl::StatusOr<Descriptor> HeldPacket::IndexedManifest() const {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string index, ReadPart("index.json"));
  return ParseOciIndex(index);
}

absl::StatusOr<std::vector<NamedBlob>> HeldPacket::NamedBlobs(
    std::vector<std::string>* faults) const {
  PEDIGREE_ASSIGN_OR_RETURN(const Descriptor manifest, IndexedManifest());
  const auto text = documents_.find(manifest.digest);
  if (text == documents_.end() || Sha256(text->second) != manifest.digest) {
    return absl::FailedPreconditionError(
        absl::StrCat("No manifest ", manifest.digest.ToString()));
  }
  std::vector<NamedBlob> named;
  for (const Descriptor& blob : BlobsOf(ParseOciManifest(text->second, faults))) {
    named.push_back({blob.digest, blob.size, blob.file_path, IsParsed(blob)});
  }
  return named;
}

std::string HeldPacket::PlaceOf(const Digest& digest) const {
  return absl::StrCat("blobs/sha256/", digest.Hex());
}

absl::StatusOr<std::string> HeldPacket::ReadPart(std::string_view name) const {
  const auto part = parts_.find(name);
  if (part == parts_.end()) {
    return absl::NotFoundError(absl::StrCat(name, ": no such file"));
  }
  if (part->second.has_value()) return *part->second;
  return absl::ResourceExhaustedError(
      absl::StrCat(name, ": longer than ", kMaxIndexBytes, " bytes"));
}

absl::StatusOr<std::string> HeldPacket::ReadBlob(const Digest& digest,
                                                 uint64_t max_bytes) const {
  const auto document = documents_.find(digest);
  if (document == documents_.end()) {
    return absl::NotFoundError(
        absl::StrCat(PlaceOf(digest), ": its bytes were not read"));
  }
  if (document->second.size() <= max_bytes) return document->second;
  return absl::ResourceExhaustedError(absl::StrCat(
      PlaceOf(digest), ": longer than ", max_bytes, " bytes"));
}

absl::StatusOr<FileDigest> HeldPacket::HashBlob(const Digest& digest) const {
  const auto found = hashes_.find(digest);
  if (found != hashes_.end()) return found->second;
  return absl::NotFoundError(
      absl::StrCat(PlaceOf(digest), ": it was not hashed"));
}

}  // namespace pedigree
