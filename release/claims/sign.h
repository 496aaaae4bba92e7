// Signing what a packet claims. Outside every build: no build action holds a
// key. Specification: docs/formats/claims.md, "Signing".

#ifndef PEDIGREE_RELEASE_CLAIMS_SIGN_H_
#define PEDIGREE_RELEASE_CLAIMS_SIGN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/claims/claims_directory.h"
#include "release/signing/signer.h"
#include "release/statements/statement_parts.h"

namespace pedigree {

struct SignRequest {
  // Added to provenance; empty for none.
  std::string source_commit;
  // Leaves out the claim that only P-256 keys sign for everybody.
  bool without_oms = false;
};

// Signs every claim of the packet that `parts` are of, which VerifyPacket must
// have found good.
//
// Errors: kFailedPrecondition for an Ed25519 key unless `without_oms` is set:
// OpenSSF Model Signing takes none; those of the signer and of MakeStatement.
absl::StatusOr<std::vector<SignedClaim>> SignPacket(const StatementParts& parts,
                                                    const SignRequest& request,
                                                    Signer& signer);

// Signs one statement of any kind, as it stands.
//
// Errors: kInvalidArgument when `statement` is none.
absl::StatusOr<SignedClaim> SignClaim(const std::string& statement,
                                      Signer& signer);

// Signs a list of revocations; returns the envelope as canonical JSON.
//
// Errors: kInvalidArgument when `revocations` is none.
absl::StatusOr<std::string> SignRevocations(const std::string& revocations,
                                            Signer& signer);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_SIGN_H_
