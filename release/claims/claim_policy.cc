#include "release/claims/claim_policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "release/claims/times.h"
#include "release/printable.h"
#include "release/signing/dsse.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kPolicySchema = "pedigree.claim_policy.v1";
constexpr std::string_view kRevocationsSchema = "pedigree.revocations.v1";

absl::Status Invalid(std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid ", what, ": ", why));
}

absl::Status CheckText(std::string_view what, std::string_view found,
                       std::string_view expected) {
  if (found == expected) return absl::OkStatus();
  return Invalid(what, absl::StrCat("schema_version is \"",
                                    Printable(found, 80), "\" (expected \"",
                                    expected, "\")"));
}

bool IsKeyId(std::string_view id) {
  return ParseDigest(absl::StrCat("sha256:", id)).ok();
}

absl::StatusOr<std::optional<absl::Time>> OptionalTime(const std::string& text,
                                                       std::string_view what) {
  if (text.empty()) return std::nullopt;
  PEDIGREE_ASSIGN_OR_RETURN(const absl::Time time, ParseUtc(text, what));
  return time;
}

// Reads one policy part by part.
class PolicyReader {
 public:
  PolicyReader(const claims::ClaimPolicy& policy,
               const std::vector<PublicKey>& given)
      : policy_(policy), given_(given) {}

  absl::StatusOr<TrustedKeys> Read() {
    PEDIGREE_RETURN_IF_ERROR(
        CheckText(kWhat, policy_.schema_version(), kPolicySchema));
    if (policy_.name().empty() || policy_.version().empty()) {
      return Invalid(kWhat, "name or version is empty");
    }
    trust_.name = Printable(
        absl::StrCat(policy_.name(), " ", policy_.version()), 120);
    trust_.digest = Sha256(CanonicalRecord(policy_));
    PEDIGREE_ASSIGN_OR_RETURN(
        trust_.expires,
        OptionalTime(policy_.expires(), "claim policy expires"));
    for (const claims::ClaimSigner& signer : policy_.signers()) {
      PEDIGREE_RETURN_IF_ERROR(AddSigner(signer));
    }
    PEDIGREE_RETURN_IF_ERROR(CheckGiven());
    for (const claims::ClaimRule& rule : policy_.claims()) {
      PEDIGREE_RETURN_IF_ERROR(AddRule(rule));
    }
    if (trust_.claims.empty()) return Invalid(kWhat, "it expects no claim");
    PEDIGREE_RETURN_IF_ERROR(SetRevocations());
    return std::move(trust_);
  }

 private:
  static constexpr std::string_view kWhat = "claim policy";

  absl::Status AddSigner(const claims::ClaimSigner& signer) {
    const std::string name = Printable(signer.name(), 120);
    if (name.empty() || !signers_.insert(signer.name()).second) {
      return Invalid(kWhat, absl::StrCat("signer \"", name,
                                         "\" has no name or another's"));
    }
    if (signer.keys().empty()) {
      return Invalid(kWhat, absl::StrCat("signer ", name, " has no key"));
    }
    for (const claims::SignerKey& key : signer.keys()) {
      PEDIGREE_RETURN_IF_ERROR(AddKey(signer.name(), key));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<PublicKey> FindKey(const claims::SignerKey& key,
                                    const std::string& what) {
    if (!key.public_key().empty()) {
      PEDIGREE_ASSIGN_OR_RETURN(PublicKey parsed,
                                PublicKey::FromPem(key.public_key(), what));
      if (key.key_id().empty() || key.key_id() == parsed.id()) return parsed;
      return Invalid(what, absl::StrCat("key_id is \"",
                                        Printable(key.key_id(), 80),
                                        "\" (expected \"", parsed.id(), "\")"));
    }
    for (const PublicKey& given : given_) {
      if (given.id() == key.key_id()) return given;
    }
    return Invalid(what, absl::StrCat("key \"", Printable(key.key_id(), 80),
                                      "\" has no public_key and is not given"));
  }

  absl::Status AddKey(const std::string& signer, const claims::SignerKey& key) {
    const std::string what =
        absl::StrCat("claim policy signer ", Printable(signer, 120));
    PEDIGREE_ASSIGN_OR_RETURN(PublicKey parsed, FindKey(key, what));
    if (!key_ids_.insert(parsed.id()).second) {
      return Invalid(what, absl::StrCat("key ", parsed.id(), " comes twice"));
    }
    AcceptedKey accepted = {std::move(parsed), signer, {}, {}, {}};
    PEDIGREE_ASSIGN_OR_RETURN(
        accepted.not_before,
        OptionalTime(key.not_before(), absl::StrCat(what, " not_before")));
    PEDIGREE_ASSIGN_OR_RETURN(
        accepted.not_after,
        OptionalTime(key.not_after(), absl::StrCat(what, " not_after")));
    if (accepted.not_before.has_value() && accepted.not_after.has_value() &&
        *accepted.not_after <= *accepted.not_before) {
      return Invalid(what, absl::StrCat("not_after is ", key.not_after(),
                                        " (expected later than not_before, ",
                                        key.not_before(), ")"));
    }
    for (const std::string& packet : key.packets()) {
      PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(packet));
      accepted.packets.insert(digest);
    }
    trust_.keys.push_back(std::move(accepted));
    return absl::OkStatus();
  }

  // A key on the command line that the policy does not speak of would otherwise
  // seem to be trusted.
  absl::Status CheckGiven() const {
    for (const PublicKey& given : given_) {
      if (key_ids_.count(given.id()) != 0) continue;
      return Invalid(kWhat, absl::StrCat("given key ", given.id(),
                                         " is of none of its signers"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::set<std::string>> SignerNames(
      const google::protobuf::RepeatedPtrField<std::string>& names,
      const std::string& what) const {
    std::set<std::string> result;
    for (const std::string& name : names) {
      if (signers_.count(name) == 0 || !result.insert(name).second) {
        return Invalid(what, absl::StrCat("signer \"", Printable(name, 120),
                                          "\" is unknown or comes twice"));
      }
    }
    return result;
  }

  absl::Status AddRule(const claims::ClaimRule& rule) {
    const std::string what =
        absl::StrCat("claim policy rule \"", Printable(rule.kind(), 80), "\"");
    const std::optional<ClaimKind> kind = ClaimOfName(rule.kind());
    if (!kind.has_value()) {
      return Invalid(what, "no kind of claim (expected eval, oms, provenance, "
                           "test-result or vsa)");
    }
    AcceptedClaim accepted;
    PEDIGREE_ASSIGN_OR_RETURN(accepted.signers,
                              SignerNames(rule.signers(), what));
    accepted.threshold = rule.threshold();
    if (rule.threshold() < 1 || rule.threshold() > accepted.signers.size()) {
      return Invalid(what, absl::StrCat("threshold is ", rule.threshold(),
                                        " (expected 1 to ",
                                        accepted.signers.size(),
                                        ", the number of its signers)"));
    }
    if (trust_.claims.emplace(*kind, std::move(accepted)).second) {
      return absl::OkStatus();
    }
    return Invalid(what, "comes twice");
  }

  absl::Status SetRevocations() {
    const claims::RevocationRule& rule = policy_.revocations();
    AcceptedRevocations& accepted = trust_.revocations;
    PEDIGREE_ASSIGN_OR_RETURN(
        accepted.signers,
        SignerNames(rule.signers(), "claim policy revocations"));
    if (!rule.digest().empty()) {
      PEDIGREE_ASSIGN_OR_RETURN(const Digest digest,
                                ParseDigest(rule.digest()));
      accepted.digest = digest;
    }
    accepted.min_sequence = rule.min_sequence();
    accepted.required = rule.required();
    if (accepted.required && accepted.signers.empty() &&
        !accepted.digest.has_value()) {
      return Invalid("claim policy revocations",
                     "required, but neither signers nor digest is set");
    }
    return absl::OkStatus();
  }

  const claims::ClaimPolicy& policy_;
  const std::vector<PublicKey>& given_;
  std::set<std::string> signers_;
  std::set<std::string> key_ids_;
  TrustedKeys trust_;
};

absl::Status Disbelieved(std::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("Invalid revocations: ", why));
}

// The list inside an envelope that somebody of `trust` signed.
absl::StatusOr<std::string> OpenEnvelope(std::string_view text,
                                         const TrustedKeys& trust,
                                         absl::Time now) {
  PEDIGREE_ASSIGN_OR_RETURN(const DsseEnvelope envelope,
                            ParseEnvelope(text, "revocations"));
  if (envelope.payload_type != kRevocationsPayloadType) {
    return Disbelieved(absl::StrCat("payloadType is \"",
                                    Printable(envelope.payload_type, 120),
                                    "\" (expected \"", kRevocationsPayloadType,
                                    "\")"));
  }
  std::string why = "signed by none of the keys that may";
  for (const AcceptedKey& key : trust.keys) {
    if (trust.revocations.signers.count(key.signer) == 0) continue;
    if (ValidSigners(envelope, {key.key}).empty()) continue;
    // A key that is kept for some packets signs no lists.
    why = key.packets.empty() ? WhyNotAccepted(key, Digest(), now)
                              : absl::StrCat("key ", key.key.id(),
                                             " is accepted for packets only");
    if (why.empty()) return envelope.payload;
  }
  return Disbelieved(why);
}

absl::Status CheckCurrent(const RevocationList& list, const TrustedKeys& trust,
                          absl::Time now) {
  if (list.sequence < trust.revocations.min_sequence) {
    return Disbelieved(absl::StrCat("sequence is ", list.sequence,
                                    " (expected ",
                                    trust.revocations.min_sequence,
                                    " or more)"));
  }
  if (list.expires.has_value() && now >= *list.expires) {
    return Disbelieved(absl::StrCat("expired at ", FormatUtc(*list.expires),
                                    " (now is ", FormatUtc(now), ")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrustedKeys> ParseClaimPolicy(
    std::string_view text, const std::vector<PublicKey>& given) {
  claims::ClaimPolicy policy;
  PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(text, "claim policy", &policy));
  return PolicyReader(policy, given).Read();
}

TrustedKeys TrustKeys(const std::vector<PublicKey>& keys,
                      const std::vector<ClaimKind>& kinds) {
  TrustedKeys trust;
  std::set<std::string> names;
  for (const PublicKey& key : keys) {
    if (!names.insert(key.id()).second) continue;
    trust.keys.push_back({key, key.id(), {}, {}, {}});
  }
  for (const ClaimKind kind : kinds) trust.claims[kind] = {names, 1};
  trust.revocations.signers = names;
  return trust;
}

absl::StatusOr<RevocationList> ParseRevocations(std::string_view text) {
  constexpr std::string_view kWhat = "revocations";
  claims::Revocations record;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, kWhat, &record));
  PEDIGREE_RETURN_IF_ERROR(
      CheckText(kWhat, record.schema_version(), kRevocationsSchema));
  RevocationList list;
  list.sequence = record.sequence();
  PEDIGREE_ASSIGN_OR_RETURN(
      list.expires, OptionalTime(record.expires(), "revocations expires"));
  for (const claims::RevokedKey& key : record.keys()) {
    if (!IsKeyId(key.key_id())) {
      return Invalid(kWhat, absl::StrCat("key_id is \"",
                                         Printable(key.key_id(), 80),
                                         "\" (expected 64 hex digits)"));
    }
    if (!list.keys.empty() && key.key_id() <= list.keys.rbegin()->first) {
      return Invalid(kWhat, absl::StrCat("key ", key.key_id(),
                                         " is out of order or comes twice"));
    }
    list.keys[key.key_id()] = Printable(key.reason(), 200);
  }
  for (const claims::RevokedPacket& packet : record.packets()) {
    PEDIGREE_ASSIGN_OR_RETURN(const Digest digest,
                              ParseDigest(packet.digest()));
    if (!list.packets.empty() && !(list.packets.rbegin()->first < digest)) {
      return Invalid(kWhat, absl::StrCat("packet ", packet.digest(),
                                         " is out of order or comes twice"));
    }
    list.packets[digest] = Printable(packet.reason(), 200);
  }
  return list;
}

absl::StatusOr<RevocationList> ReadRevocations(std::string_view text,
                                               const TrustedKeys& trust,
                                               absl::Time now) {
  if (text.size() > kMaxRevocationBytes) {
    return Invalid("revocations",
                   absl::StrCat(text.size(), " bytes (expected at most ",
                                kMaxRevocationBytes, ")"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Json json,
                            ParseForeignJson(text, "revocations"));
  std::string payload(text);
  const bool signed_list = json.is_object() && json.contains("payloadType");
  if (signed_list) {
    PEDIGREE_ASSIGN_OR_RETURN(payload, OpenEnvelope(text, trust, now));
  } else if (!trust.revocations.digest.has_value()) {
    return Disbelieved(
        "not signed (a bare list must be bound by digest in the policy)");
  }
  if (trust.revocations.digest.has_value() &&
      Sha256(payload) != *trust.revocations.digest) {
    return Disbelieved(absl::StrCat(
        "digest is ", Sha256(payload).ToString(), " (expected ",
        trust.revocations.digest->ToString(), ")"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(RevocationList list, ParseRevocations(payload));
  PEDIGREE_RETURN_IF_ERROR(CheckCurrent(list, trust, now));
  return list;
}

std::string WhyNotAccepted(const AcceptedKey& key, const Digest& packet,
                           absl::Time now) {
  const std::string name = absl::StrCat("key ", key.key.id());
  if (key.not_before.has_value() && now < *key.not_before) {
    return absl::StrCat(name, " is accepted from ", FormatUtc(*key.not_before),
                        " (now is ", FormatUtc(now), ")");
  }
  if (key.not_after.has_value() && now >= *key.not_after) {
    return absl::StrCat(name, " was accepted until ",
                        FormatUtc(*key.not_after), " (now is ",
                        FormatUtc(now), ")");
  }
  if (!key.packets.empty() && key.packets.count(packet) == 0) {
    return absl::StrCat(name, " is retired and not accepted for packet ",
                        packet.ToString());
  }
  return "";
}

}  // namespace pedigree
