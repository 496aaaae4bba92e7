// An auditor's verification summary of a packet (SLSA VSA v1).
// Specification: docs/formats/claims.md, "vsa".

#ifndef PEDIGREE_RELEASE_STATEMENTS_VSA_H_
#define PEDIGREE_RELEASE_STATEMENTS_VSA_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/statements/statement_parts.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct VsaRequest {
  // URI of whoever verified.
  std::string verifier_id;
  // What the packet is fetched as; empty for
  // "https://pedigree.dev/packets/<name>@<version>".
  std::string resource_uri;
  // SHA-256 of the claim policy that the signatures were checked against.
  std::optional<Digest> claim_policy;
  // URI and SHA-256 of every claim read.
  std::vector<std::pair<std::string, Digest>> attestations;
  // Whether the packet was built again, to the same digest.
  bool reproduced = false;
};

// The summary of a packet that verified: PASSED.
//
// Errors: kInvalidArgument for a verifier id or resource that is no https URI,
// or a packet whose policy has no digest.
absl::StatusOr<Json> MakeVsa(const StatementParts& parts,
                             const VsaRequest& request);

// Whether `statement`, a VSA of anybody's, has what the predicate requires and
// says PASSED.
//
// Errors: kInvalidArgument, naming the member.
absl::Status CheckVsa(const Json& statement);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_VSA_H_
