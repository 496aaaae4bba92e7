// Whether the signed claims about a packet may be believed. Offline, and never
// runs a model. Specification: docs/formats/claims.md, "Verification".

#ifndef PEDIGREE_RELEASE_CLAIMS_VERIFY_CLAIMS_H_
#define PEDIGREE_RELEASE_CLAIMS_VERIFY_CLAIMS_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "release/claims/claim_policy.h"
#include "release/claims/claims_directory.h"
#include "release/statements/claim_kind.h"
#include "release/statements/statement_parts.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A claim that enough signers made.
struct VerifiedClaim {
  ClaimKind kind = ClaimKind::kEval;
  // SHA-256 of the payload.
  Digest statement;
  // SHA-256 of each envelope that carries it, in the order of the folders.
  std::vector<Digest> envelopes;
  // Names of the policy's signers; key ids where keys alone are trusted.
  std::set<std::string> signers;
};

struct ClaimsReport {
  // Each names a claim and what is wrong with it. The claims are good when there
  // are none.
  std::vector<std::string> faults;
  // In ascending order of kind; complete without faults.
  std::vector<VerifiedClaim> claims;
};

// What claims are judged by.
struct ClaimTrust {
  TrustedKeys keys;
  std::optional<RevocationList> revocations;
  // When. Nothing here reads a clock.
  absl::Time now;
};

// Checks the claims in the folders `directories`, one folder a signer or so,
// about the packet that `parts` are of: VerifyPacket must have found it good.
//
// Every claim that the policy expects is there, signed by as many of its signers
// as it asks for, with keys that are accepted now for this packet and not
// revoked; says what the packet itself gives (provenance may add the source's
// commit); and no folder holds anything else.
//
// Errors: kNotFound when one of `directories` is no folder; kInvalidArgument for
// parts of which no statements can be made.
absl::StatusOr<ClaimsReport> VerifyClaims(
    const StatementParts& parts, const std::vector<std::string>& directories,
    const ClaimTrust& trust);

// The kinds that a packet's record expects.
//
// Errors: kInvalidArgument for a kind that this build does not know.
absl::StatusOr<std::vector<ClaimKind>> ExpectedClaims(
    const release::ReleaseRecord& record);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_VERIFY_CLAIMS_H_
