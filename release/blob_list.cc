#include "release/blob_list.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

std::string WriteBlobList(const std::vector<BlobSource>& blobs) {
  Json list = Json::array();
  for (const BlobSource& blob : blobs) {
    list.push_back({{"digest", blob.digest.ToString()}, {"path", blob.path}});
  }
  return CanonicalJson(list);
}

absl::StatusOr<std::vector<BlobSource>> ParseBlobList(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "blob list"));
  if (!json.is_array()) {
    return absl::InvalidArgumentError("Invalid blob list: not a list");
  }
  std::vector<BlobSource> blobs;
  std::set<Digest> seen;
  for (const Json& entry : json) {
    JsonObjectReader reader(entry, "blob list entry");
    const std::string digest_text = reader.String("digest");
    std::string path = reader.String("path");
    PEDIGREE_RETURN_IF_ERROR(reader.Finish());
    PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(digest_text));
    if (!seen.insert(digest).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid blob list: ", digest_text, " comes twice"));
    }
    blobs.push_back({digest, std::move(path)});
  }
  return blobs;
}

absl::StatusOr<std::vector<BlobSource>> ReadBlobList(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(path, Links::kFollow, kMaxManifestBytes));
  absl::StatusOr<std::vector<BlobSource>> blobs = ParseBlobList(text);
  if (!blobs.ok()) return AnnotateWithPath(blobs.status(), path);
  return blobs;
}

}  // namespace pedigree
