// Who may claim what: policies and revocations, read and checked.
// Specification: docs/formats/claims.md, "Policies" and "Revocations".

#ifndef PEDIGREE_RELEASE_CLAIMS_CLAIM_POLICY_H_
#define PEDIGREE_RELEASE_CLAIMS_CLAIM_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "release/claims/claims.pb.h"
#include "release/signing/keys.h"
#include "release/statements/claim_kind.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
inline constexpr size_t kMaxRevocationBytes = size_t{16} << 20;
inline constexpr std::string_view kRevocationsPayloadType =
    "application/vnd.pedigree.revocations.v1+json";

// A key that a policy accepts, as far as it does.
struct AcceptedKey {
  PublicKey key;
  std::string signer;
  std::optional<absl::Time> not_before;
  std::optional<absl::Time> not_after;
  // Empty for all.
  std::set<Digest> packets;
};

struct AcceptedClaim {
  std::set<std::string> signers;
  uint32_t threshold = 1;
};

struct AcceptedRevocations {
  std::set<std::string> signers;
  std::optional<Digest> digest;
  uint64_t min_sequence = 0;
  bool required = false;
};

// A policy whose every part has been read.
struct TrustedKeys {
  // "<name> <version>", for messages; empty for keys alone.
  std::string name;
  // SHA-256 of the policy's canonical JSON; absent for keys alone.
  std::optional<Digest> digest;
  std::optional<absl::Time> expires;
  // No key twice.
  std::vector<AcceptedKey> keys;
  std::map<ClaimKind, AcceptedClaim> claims;
  AcceptedRevocations revocations;
};

// Reads a policy in the text format. `given` are keys that it may name by id
// alone; each must be one of its own.
//
// Errors: kInvalidArgument with the member and what it should be.
absl::StatusOr<TrustedKeys> ParseClaimPolicy(
    std::string_view text, const std::vector<PublicKey>& given = {});

// A policy that takes each of `kinds` from any one of `keys`, at any time; a
// list of revocations must be signed by one of them too.
TrustedKeys TrustKeys(const std::vector<PublicKey>& keys,
                      const std::vector<ClaimKind>& kinds);

// A list of revocations that is believed.
struct RevocationList {
  uint64_t sequence = 0;
  std::optional<absl::Time> expires;
  // Key ids and packets, with the reasons.
  std::map<std::string, std::string> keys;
  std::map<Digest, std::string> packets;
};

// Reads a bare list: a canonical record.
//
// Errors: kInvalidArgument.
absl::StatusOr<RevocationList> ParseRevocations(std::string_view text);

// Reads a list as it is handed out: a DSSE envelope of kRevocationsPayloadType,
// or, where the policy binds the list by digest, the bare list too.
//
// Errors: kInvalidArgument for a text that is no list; kFailedPrecondition for
// one that `trust` does not believe at `now`: unsigned, signed by another, of
// another digest, out of date.
absl::StatusOr<RevocationList> ReadRevocations(std::string_view text,
                                               const TrustedKeys& trust,
                                               absl::Time now);

// Why `key` is not accepted for `packet` at `now`, in words; empty when it is.
std::string WhyNotAccepted(const AcceptedKey& key, const Digest& packet,
                           absl::Time now);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_CLAIM_POLICY_H_
