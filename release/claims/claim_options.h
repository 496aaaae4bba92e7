// The options by which commands are told which claims to check, and by what.

#ifndef PEDIGREE_RELEASE_CLAIMS_CLAIM_OPTIONS_H_
#define PEDIGREE_RELEASE_CLAIMS_CLAIM_OPTIONS_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/claims/verify_claims.h"
#include "release/statements/statement_parts.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Paths, but for `now`.
struct ClaimOptions {
  std::vector<std::string> claims;
  std::vector<std::string> keys;
  std::string policy;
  std::string revocations;
  std::string now;
};

// Adds --claims, --key, --policy, --revocations and --now.
void AddClaimOptions(CLI::App* command, ClaimOptions& options);

// Whether the options go together: kInvalidArgument when they do not.
absl::Status CheckClaimOptions(const ClaimOptions& options);

// What the options trust, for a packet with `record`. Without --now the time is
// the machine's: it matters to verification alone.
//
// Errors: as CheckClaimOptions; kInvalidArgument for files that are not what
// they are given as; kFailedPrecondition for a list of revocations that is not
// believed.
absl::StatusOr<ClaimTrust> LoadClaimTrust(const ClaimOptions& options,
                                          const release::ReleaseRecord& record);

// Checks the claims that `options` name about the packet of `parts`. A list of
// revocations that is not believed is a fault.
absl::StatusOr<ClaimsReport> CheckClaims(const ClaimOptions& options,
                                         const StatementParts& parts);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_CLAIM_OPTIONS_H_
