// A packet and its claims from a registry. Specification:
// docs/formats/distribution.md, "Pull".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_PULL_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_PULL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/distribution/registry_client.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct PullResult {
  Digest digest;
  uint64_t blobs_total = 0;
  // Of blobs; what an earlier, broken run had got is not among them.
  uint64_t bytes_received = 0;
  // What is wrong with the packet: when there is anything, no directory was made.
  std::vector<std::string> faults;
};

// Brings the packet that `client`'s reference names into the new directory `out`.
// Blobs are gathered in "<out>.partial", each verified while it comes; when all
// are there the whole is verified as `packet verify` does, and renamed. After a
// failure "<out>.partial" stays for the next run, unless the packet itself is at
// fault.
//
// Errors: the registry's; kAlreadyExists; kAborted when another process pulls
// into the same place.
absl::StatusOr<PullResult> Pull(RegistryClient& client, size_t parallel,
                                const std::string& out);

// Brings the signed claims about `packet` into the new folder `out`, and returns
// how many files there are. Files keep their names; of those that have one name
// and different bytes, all but the first get their artifact's digest into it.
absl::StatusOr<size_t> PullClaims(RegistryClient& client, const Digest& packet,
                                  const std::string& out);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_PULL_H_
