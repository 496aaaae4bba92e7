// Manifests and indexes of a repository, read and written as bytes.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_MANIFESTS_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_MANIFESTS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "release/distribution/registry_client.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct StoredManifest {
  std::string bytes;
  Digest digest;
};

// The image manifest or index that `name`, a tag or a digest, stands for; none
// when there is no such one. At most kMaxManifestBytes. Its digest is that of the
// bytes, and the one asked for, if one was.
//
// Errors: the registry's; kDataLoss when it serves another.
absl::StatusOr<std::optional<StoredManifest>> GetManifest(
    RegistryClient& client, const std::string& name);

// Whether the repository has the manifest or index.
absl::StatusOr<bool> HasManifest(RegistryClient& client, const Digest& digest);

// Stores `bytes` by `name`, a tag or its digest, and returns the answer.
//
// Errors: the registry's; kDataLoss when the registry says that it stored
// another.
absl::StatusOr<HttpResponse> PutManifest(RegistryClient& client,
                                         const std::string& name,
                                         std::string_view bytes,
                                         std::string_view media_type);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_MANIFESTS_H_
