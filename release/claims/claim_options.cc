#include "release/claims/claim_options.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "release/claims/times.h"
#include "release/file_stream.h"
#include "release/printable.h"
#include "release/signing/keys.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::StatusOr<TrustedKeys> LoadKeys(const ClaimOptions& options,
                                     const release::ReleaseRecord& record) {
  std::vector<PublicKey> keys;
  for (const std::string& path : options.keys) {
    PEDIGREE_ASSIGN_OR_RETURN(PublicKey key, ReadPublicKey(path));
    keys.push_back(std::move(key));
  }
  if (options.policy.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<ClaimKind> kinds,
                              ExpectedClaims(record));
    return TrustKeys(keys, kinds);
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(options.policy, Links::kFollow, kMaxPolicyBytes));
  absl::StatusOr<TrustedKeys> trust = ParseClaimPolicy(text, keys);
  if (trust.ok()) return trust;
  return AnnotateWithPath(trust.status(), options.policy);
}

}  // namespace

void AddClaimOptions(CLI::App* command, ClaimOptions& options) {
  command->add_option("--claims", options.claims,
                      "Folder of signed claims that must be about the packet");
  command->add_option("--key", options.keys,
                      "Public key (PEM) whose claims are believed, or that "
                      "the policy names");
  command->add_option("--policy", options.policy,
                      "Claim policy: which claims, by whom");
  command->add_option("--revocations", options.revocations,
                      "List of revoked keys and packets");
  command->add_option("--now", options.now,
                      "Time of verification, such as 2027-01-31T00:00:00Z "
                      "(default: now)");
}

absl::Status CheckClaimOptions(const ClaimOptions& options) {
  const bool trusts = !options.keys.empty() || !options.policy.empty();
  const bool asks = trusts || !options.revocations.empty() ||
                    !options.now.empty();
  if (options.claims.empty() && asks) {
    return absl::InvalidArgumentError(
        "--key, --policy, --revocations and --now are about claims: give "
        "--claims");
  }
  if (options.claims.empty() || trusts) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "--claims are believed by their signatures: give --key or --policy");
}

absl::StatusOr<ClaimTrust> LoadClaimTrust(
    const ClaimOptions& options, const release::ReleaseRecord& record) {
  PEDIGREE_RETURN_IF_ERROR(CheckClaimOptions(options));
  ClaimTrust trust;
  trust.now = absl::Now();
  if (!options.now.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(trust.now, ParseUtc(options.now, "--now"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(trust.keys, LoadKeys(options, record));
  if (options.revocations.empty()) return trust;
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(options.revocations, Links::kFollow, kMaxRevocationBytes));
  absl::StatusOr<RevocationList> list =
      ReadRevocations(text, trust.keys, trust.now);
  if (!list.ok()) {
    return AnnotateWithPath(list.status(), options.revocations);
  }
  trust.revocations = *std::move(list);
  return trust;
}

absl::StatusOr<ClaimsReport> CheckClaims(const ClaimOptions& options,
                                         const StatementParts& parts) {
  const absl::StatusOr<ClaimTrust> trust =
      LoadClaimTrust(options, parts.record);
  if (absl::IsFailedPrecondition(trust.status())) {
    ClaimsReport report;
    report.faults.push_back(Printable(trust.status().message()));
    return report;
  }
  PEDIGREE_RETURN_IF_ERROR(trust.status());
  return VerifyClaims(parts, options.claims, *trust);
}

}  // namespace pedigree
