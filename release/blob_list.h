// Where the blobs of a described packet lie: what `packet describe` writes, and
// what commands that need no packet directory read. Canonical JSON, a list of
// {"digest", "path"}; paths are relative to the folder that the command runs in.

#ifndef PEDIGREE_RELEASE_BLOB_LIST_H_
#define PEDIGREE_RELEASE_BLOB_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layout.h"

namespace pedigree {

std::string WriteBlobList(const std::vector<BlobSource>& blobs);

// Errors: kInvalidArgument for anything but such a list, and for a digest that
// comes twice.
absl::StatusOr<std::vector<BlobSource>> ParseBlobList(std::string_view text);

// Reads the file at `path`, whose errors name it.
absl::StatusOr<std::vector<BlobSource>> ReadBlobList(const std::string& path);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_BLOB_LIST_H_
