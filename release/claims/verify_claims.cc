#include "release/claims/verify_claims.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "release/claims/times.h"
#include "release/printable.h"
#include "release/statements/statements.h"
#include "release/statements/vsa.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Takes the commit out of a provenance statement again: it is not in the packet,
// and whoever signs vouches for it.
//
// Errors: kInvalidArgument when what stands there is no commit.
absl::Status RemoveSourceCommit(Json& statement) {
  const Json::json_pointer place(
      "/predicate/buildDefinition/resolvedDependencies");
  if (!statement.contains(place) || !statement[place].is_array() ||
      statement[place].empty()) {
    return absl::OkStatus();
  }
  Json& list = statement[place];
  if (!list[0].is_object() ||
      list[0].value("name", Json()) != kSourceDependency) {
    return absl::OkStatus();
  }
  const Json source = list[0];
  list.erase(list.begin());
  const Json::json_pointer commit("/digest/gitCommit");
  if (!source.contains(commit) || !source[commit].is_string()) {
    return absl::InvalidArgumentError(
        "predicate.buildDefinition.resolvedDependencies[0] names no gitCommit");
  }
  Json again = statement;
  return AddSourceCommit(source[commit].get<std::string>(), again);
}

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
    PEDIGREE_RETURN_IF_ERROR(CheckContent(claim));
    const std::set<std::string> signers = AcceptedSigners(claim, rule->second);
    if (report_.faults.size() != before) return absl::OkStatus();
    AddVerified(claim, signers);
    return absl::OkStatus();
  }

  // Whether the claim is about this packet and says what the packet gives.
  absl::Status CheckContent(const Claim& claim) {
    const ClaimKind kind = claim.statement.kind;
    if (kind == ClaimKind::kVsa) {
      CheckSubject(claim, parts_.packet);
      if (const absl::Status status = CheckVsa(claim.statement.json);
          !status.ok()) {
        Fault(absl::StrCat("Invalid ", claim.what, ": ",
                           Printable(status.message())));
      }
      return absl::OkStatus();
    }
    PEDIGREE_ASSIGN_OR_RETURN(const Json expected, MakeStatement(kind, parts_));
    PEDIGREE_ASSIGN_OR_RETURN(
        const Statement expected_statement,
        ParseStatement(CanonicalJson(expected), "statement of the packet"));
    if (!CheckSubject(claim, expected_statement.subjects[0])) {
      return absl::OkStatus();
    }
    Json found = claim.statement.json;
    if (kind == ClaimKind::kProvenance) {
      if (const absl::Status status = RemoveSourceCommit(found); !status.ok()) {
        Fault(absl::StrCat("Altered ", claim.what, ": ",
                           Printable(status.message())));
        return absl::OkStatus();
      }
    }
    if (const auto difference = FindDisagreement(found, expected)) {
      Fault(absl::StrCat("Altered ", claim.what, ": ", *difference));
    }
    return absl::OkStatus();
  }

  bool CheckSubject(const Claim& claim, const Digest& expected) {
    const std::vector<Digest>& subjects = claim.statement.subjects;
    if (std::count(subjects.begin(), subjects.end(), expected) != 0) return true;
    Fault(absl::StrCat("Invalid ", claim.what, ": it is about ",
                       subjects[0].ToString(), " (expected ",
                       expected.ToString(), ")"));
    return false;
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
