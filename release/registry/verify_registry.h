// Verification of a whole registry. Specification: docs/formats/registry.md,
// "Verification".

#ifndef PEDIGREE_RELEASE_REGISTRY_VERIFY_REGISTRY_H_
#define PEDIGREE_RELEASE_REGISTRY_VERIFY_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/registry/grounds.h"
#include "release/signing/keys.h"

namespace pedigree {

struct RegistryCheckOptions {
  // Signed checkpoints that the ledger must continue, and the keys that count.
  std::vector<NamedEnvelope> checkpoints;
  std::vector<PublicKey> keys;
  // When the checkpoints must have been signed at the earliest: an old one is as
  // well signed, and fits an old copy. Empty for any time.
  std::string since;
  // Whether every packet is verified as `packet verify` does. Without, each
  // blob is hashed once, and a packet is the blobs that its manifest names.
  bool packets = true;
  // Told how many packets were looked at, of how many. May be null.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

struct RegistryReport {
  // Each names one thing that is wrong.
  std::vector<std::string> faults;
  // What is left of a write that was cut off, which the next one clears up.
  std::vector<std::string> notes;
  // As far as the ledger could be read.
  std::string id;
  uint64_t entries = 0;
  std::string head;
  uint64_t artifacts = 0;
};

// Checks the registry at `directory`: the ledger's chain, that every entry is
// one that the rules and the policy in force allowed, with its approvals
// checked again; that aliases and index say what the ledger gives; every
// packet; and that nothing else lies there. Waits for a writer to end.
//
// Errors: kNotFound when `directory` is no registry.
absl::StatusOr<RegistryReport> VerifyRegistry(
    const std::string& directory, const RegistryCheckOptions& options);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_VERIFY_REGISTRY_H_
