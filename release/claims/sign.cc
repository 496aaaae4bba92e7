#include "release/claims/sign.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "release/claims/claim_policy.h"
#include "release/statements/statement.h"
#include "release/statements/statements.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status CheckKey(const SignRequest& request, const PublicKey& key) {
  if (request.without_oms || key.algorithm() == KeyAlgorithm::kEcdsaP256) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "Key does not fit: OpenSSF Model Signing takes ECDSA keys only (",
      KeyAlgorithmName(key.algorithm()), ", expected ",
      KeyAlgorithmName(KeyAlgorithm::kEcdsaP256),
      "); --without-oms leaves that claim out"));
}

}  // namespace

absl::StatusOr<std::vector<SignedClaim>> SignPacket(const StatementParts& parts,
                                                    const SignRequest& request,
                                                    Signer& signer) {
  PEDIGREE_RETURN_IF_ERROR(CheckKey(request, signer.public_key()));
  std::vector<SignedClaim> claims;
  for (const ClaimKind kind : kPacketClaims) {
    if (kind == ClaimKind::kOms && request.without_oms) continue;
    PEDIGREE_ASSIGN_OR_RETURN(Json statement, MakeStatement(kind, parts));
    if (kind == ClaimKind::kProvenance && !request.source_commit.empty()) {
      PEDIGREE_RETURN_IF_ERROR(
          AddSourceCommit(request.source_commit, statement));
    }
    PEDIGREE_ASSIGN_OR_RETURN(
        DsseEnvelope envelope,
        SignEnvelope(kInTotoPayloadType, CanonicalJson(statement), signer));
    claims.push_back({kind, std::move(envelope)});
  }
  return claims;
}

absl::StatusOr<SignedClaim> SignClaim(const std::string& statement,
                                      Signer& signer) {
  PEDIGREE_ASSIGN_OR_RETURN(const Statement parsed,
                            ParseStatement(statement, "statement"));
  PEDIGREE_ASSIGN_OR_RETURN(
      DsseEnvelope envelope,
      SignEnvelope(kInTotoPayloadType, statement, signer));
  return SignedClaim{parsed.kind, std::move(envelope)};
}

absl::StatusOr<std::string> SignRevocations(const std::string& revocations,
                                            Signer& signer) {
  PEDIGREE_RETURN_IF_ERROR(ParseRevocations(revocations).status());
  PEDIGREE_ASSIGN_OR_RETURN(
      const DsseEnvelope envelope,
      SignEnvelope(kRevocationsPayloadType, revocations, signer));
  return CanonicalJson(EnvelopeToJson(envelope));
}

}  // namespace pedigree
