#include "release/claims/verify_claims.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "release/claims/times.h"
#include "release/printable.h"
#include "release/statements/statement_faults.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

class ClaimsVerifier {
 public:
  ClaimsVerifier(const StatementParts& parts, const ClaimTrust& trust)
      : parts_(parts), trust_(trust) {}

  absl::StatusOr<ClaimsReport> Verify(
      const std::vector<std::string>& directories) {
    CheckPolicy();
    for (const std::string& directory : directories) {
      PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Claim> claims,
                                ReadClaims(directory, report_.faults));
      for (const Claim& claim : claims) {
        PEDIGREE_RETURN_IF_ERROR(CheckClaim(claim));
      }
    }
    CheckExpected();
    for (auto& [kind, claim] : verified_) {
      report_.claims.push_back(std::move(claim));
    }
    return std::move(report_);
  }

 private:
  void Fault(std::string fault) { report_.faults.push_back(std::move(fault)); }

  void CheckPolicy() {
    const TrustedKeys& keys = trust_.keys;
    if (keys.expires.has_value() && trust_.now >= *keys.expires) {
      Fault(absl::StrCat("Expired claim policy ", keys.name, ": it held until ",
                         FormatUtc(*keys.expires), " (now is ",
                         FormatUtc(trust_.now), ")"));
    }
    if (keys.revocations.required && !trust_.revocations.has_value()) {
      Fault(absl::StrCat("Missing revocations: claim policy ", keys.name,
                         " requires a list"));
    }
    if (!trust_.revocations.has_value()) return;
    const auto packet = trust_.revocations->packets.find(parts_.packet);
    if (packet != trust_.revocations->packets.end()) {
      Fault(absl::StrCat("Revoked packet ", parts_.packet.ToString(), ": ",
                         packet->second));
    }
  }

  absl::Status CheckClaim(const Claim& claim) {
    const auto rule = trust_.keys.claims.find(claim.statement.kind);
    if (rule == trust_.keys.claims.end()) {
      Fault(absl::StrCat("Unexpected ", claim.what,
                         ": nothing expects claims of this kind"));
      return absl::OkStatus();
    }
    const size_t before = report_.faults.size();
    PEDIGREE_ASSIGN_OR_RETURN(
        const std::vector<std::string> faults,
        FindStatementFaults(claim.statement, parts_, claim.what));
    for (const std::string& fault : faults) Fault(fault);
    const std::set<std::string> signers = AcceptedSigners(claim, rule->second);
    if (report_.faults.size() != before) return absl::OkStatus();
    AddVerified(claim, signers);
    return absl::OkStatus();
  }

  // Those of the rule's signers that signed; says why each that did not count
  // did not.
  std::set<std::string> AcceptedSigners(const Claim& claim,
                                        const AcceptedClaim& rule) {
    std::set<std::string> signers;
    std::vector<std::string> rejected;
    bool revoked = false;
    for (const AcceptedKey& key : trust_.keys.keys) {
      if (ValidSigners(claim.envelope, {key.key}).empty()) continue;
      std::string why;
      if (IsRevoked(key, why)) {
        revoked = true;
      } else if (rule.signers.count(key.signer) == 0) {
        why = absl::StrCat("key ", key.key.id(), " is of ",
                           Printable(key.signer, 120),
                           ", who may not sign this kind");
      } else {
        why = WhyNotAccepted(key, parts_.packet, trust_.now);
      }
      if (why.empty()) {
        signers.insert(key.signer);
      } else {
        rejected.push_back(std::move(why));
      }
    }
    // A signature of a revoked key is no reason to doubt the others', unless
    // there are none.
    if (signers.empty() && rejected.empty()) {
      Fault(absl::StrCat("Invalid ", claim.what,
                         ": signed by no key that is trusted (",
                         claim.envelope.signatures.size(), " signatures, ",
                         NamedKeys(claim), ")"));
    } else if (signers.empty()) {
      Fault(absl::StrCat(revoked ? "Revoked " : "Invalid ", claim.what, ": ",
                         absl::StrJoin(rejected, "; ")));
    }
    return signers;
  }

  bool IsRevoked(const AcceptedKey& key, std::string& why) const {
    if (!trust_.revocations.has_value()) return false;
    const auto entry = trust_.revocations->keys.find(key.key.id());
    if (entry == trust_.revocations->keys.end()) return false;
    why = absl::StrCat("key ", key.key.id(), " is revoked: ", entry->second);
    return true;
  }

  // The first key id that the envelope names, for messages.
  static std::string NamedKeys(const Claim& claim) {
    const std::string& key_id = claim.envelope.signatures[0].key_id;
    return key_id.empty() ? "naming none"
                          : absl::StrCat("naming ", Printable(key_id, 80));
  }

  // Signers count together only when they signed the same statement.
  void AddVerified(const Claim& claim, const std::set<std::string>& signers) {
    const Digest payload = Sha256(claim.envelope.payload);
    VerifiedClaim& verified = verified_[claim.statement.kind];
    if (!verified.envelopes.empty() && verified.statement != payload) {
      Fault(absl::StrCat("Invalid ", claim.what,
                         ": another statement than that of a folder before it"));
      return;
    }
    verified.kind = claim.statement.kind;
    verified.statement = payload;
    verified.envelopes.push_back(claim.digest);
    verified.signers.insert(signers.begin(), signers.end());
  }

  void CheckExpected() {
    for (const auto& [kind, rule] : trust_.keys.claims) {
      const auto found = verified_.find(kind);
      if (found == verified_.end()) {
        Fault(absl::StrCat("Missing claim ", ClaimName(kind),
                           ": no folder holds a good one"));
      } else if (found->second.signers.size() < rule.threshold) {
        Fault(absl::StrCat("Invalid claim ", ClaimName(kind), ": signed by ",
                           found->second.signers.size(), " of its signers (",
                           Printable(absl::StrJoin(found->second.signers, ", ")),
                           "; expected ", rule.threshold, ")"));
      }
    }
  }

  const StatementParts& parts_;
  const ClaimTrust& trust_;
  ClaimsReport report_;
  std::map<ClaimKind, VerifiedClaim> verified_;
};

}  // namespace

absl::StatusOr<ClaimsReport> VerifyClaims(
    const StatementParts& parts, const std::vector<std::string>& directories,
    const ClaimTrust& trust) {
  return ClaimsVerifier(parts, trust).Verify(directories);
}

absl::StatusOr<std::vector<ClaimKind>> ExpectedClaims(
    const release::ReleaseRecord& record) {
  std::vector<ClaimKind> kinds;
  for (const std::string& name : record.expected_claims()) {
    const std::optional<ClaimKind> kind = ClaimOfName(name);
    if (!kind.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid packet: it expects claims \"",
                       Printable(name, 80), "\", which are no kind of claim"));
    }
    kinds.push_back(*kind);
  }
  return kinds;
}

}  // namespace pedigree
