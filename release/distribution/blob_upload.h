// One blob to a registry: only if it lacks it, in pieces if it is large, going on
// after a failure where the registry says it stands.
// Specification: docs/formats/distribution.md, "Push".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_BLOB_UPLOAD_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_BLOB_UPLOAD_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "release/distribution/registry_client.h"
#include "release/distribution/upload_journal.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A blob's bytes: those of the file `path`, or `text` when it is empty.
struct UploadSource {
  Digest digest;
  uint64_t size = 0;
  std::string path;
  std::string text;
};

struct UploadOptions {
  // A blob of at most this size travels in one request, a larger one in pieces
  // of this size.
  uint64_t chunk_bytes = uint64_t{64} << 20;
  // A repository of the same registry that may have the blob; empty for none.
  std::string mount_from;
};

enum class UploadOutcome { kWasThere, kMounted, kSent };

// Makes sure that the repository has the blob. `sent` grows by every byte that is
// handed to the network.
//
// Errors: the registry's (RegistryClient::Error); kDataLoss when the file is not
// as long as the blob.
absl::StatusOr<UploadOutcome> UploadBlob(RegistryClient& client,
                                         const UploadSource& source,
                                         const UploadOptions& options,
                                         const UploadJournal& journal,
                                         std::atomic<uint64_t>& sent);

// How many bytes of an upload the registry has, by a Range header "0-<last>";
// none when it is no such header. "0-0" counts as none: registries that follow
// the letter of old specifications say so of an empty upload.
std::optional<uint64_t> ParseUploadRange(std::string_view range);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_BLOB_UPLOAD_H_
