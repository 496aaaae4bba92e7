// What points at a packet in a registry: by the referrers API, or by the tag that
// stands in for it. Specification: docs/formats/distribution.md, "Claims".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_REFERRERS_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_REFERRERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/distribution/registry_client.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// What a list of referrers may hold at most.
inline constexpr size_t kMaxReferrers = 1000;

// The tag of a repository that lists what points at `subject` where the registry
// has no referrers API: "sha256-<hex>".
std::string ReferrersTag(const Digest& subject);

struct Referrer {
  Digest digest;
  uint64_t size = 0;
  std::string artifact_type;
};

// Reads an image index of referrers. Entries that are not image manifests by
// SHA-256 are left out; of the others unknown members are ignored.
//
// Errors: kInvalidArgument; kResourceExhausted past kMaxReferrers.
absl::StatusOr<std::vector<Referrer>> ParseReferrers(std::string_view text);

// The index `text` (empty: none yet) with `descriptor` in it. All that it held
// stays, also what this program does not know.
//
// Errors: as ParseReferrers.
absl::StatusOr<std::string> AddReferrer(std::string_view text,
                                        const Json& descriptor);

// The address of the next page in a Link header, `<address>; rel="next"`; empty
// when there is none.
std::string_view NextPage(std::string_view link);

// Everything that points at `subject`; of the fallback tag when the registry
// knows no referrers API.
//
// Errors: the registry's, or as ParseReferrers.
absl::StatusOr<std::vector<Referrer>> ListReferrers(RegistryClient& client,
                                                    const Digest& subject);

// Adds `descriptor` to the index behind the fallback tag of `subject`, and looks
// whether another writer lost it meanwhile.
//
// Errors: the registry's; kAborted when others kept on losing it.
absl::Status UpdateReferrersTag(RegistryClient& client, const Digest& subject,
                                const Json& descriptor);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_REFERRERS_H_
