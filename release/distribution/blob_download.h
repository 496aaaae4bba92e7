// One blob from a registry into a file, hashed while it comes, going on after a
// failure with what is there. Specification: docs/formats/distribution.md,
// "Pull".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_BLOB_DOWNLOAD_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_BLOB_DOWNLOAD_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "release/distribution/registry_client.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Makes `path` hold the blob. What the file holds already is hashed, and only the
// rest asked for; a file that is longer than the blob, or whole and wrong, is
// begun anew. `received` grows by every byte that comes.
//
// On an error the file stays, for the next time, unless it is wrong.
//
// Errors: the registry's (RegistryClient::Error); kDataLoss when it serves other
// bytes than the digest's, or more of them.
absl::Status DownloadBlob(RegistryClient& client, const Digest& digest,
                          uint64_t size, const std::string& path,
                          std::atomic<uint64_t>& received);

// Whether `header`, a Content-Range, is the rest from `offset` on of `size` bytes:
// "bytes <offset>-<size - 1>/<size>", where the last may be "*".
bool IsRestOf(std::string_view header, uint64_t offset, uint64_t size);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_BLOB_DOWNLOAD_H_
