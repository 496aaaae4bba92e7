#include "release/registry/signed_statement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "release/printable.h"
#include "release/signing/dsse.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";

Json RecordToJson(const google::protobuf::Message& record) {
  absl::StatusOr<Json> json = ParseJson(CanonicalRecord(record), "record");
  PEDIGREE_CHECK(json.ok());
  return *std::move(json);
}

absl::Status InvalidStatement(std::string_view what, std::string_view fault) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": ", fault));
}

// A text member of an object that may hold others.
std::string Text(const Json& json, const char* key) {
  const auto member = json.find(key);
  return member != json.end() && member->is_string()
             ? member->get<std::string>()
             : "";
}

// Whether the one subject is `digest`.
bool IsAbout(const SignedStatement& statement, std::string_view digest) {
  return statement.subjects.size() == 1 && statement.subjects[0] == digest;
}

absl::Status Expect(std::string_view what, std::string_view member,
                    std::string_view found, std::string_view expected) {
  if (found == expected) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "Refused ", what, ": it approves ", member, " \"", Printable(found),
      "\" (expected \"", expected, "\")"));
}

// The digest of the packet or policy that an approval names, the registry it
// was given in, and the like.
absl::Status CheckSameWish(const registry::Approval& found,
                           const registry::Approval& wanted,
                           std::string_view what) {
  PEDIGREE_RETURN_IF_ERROR(
      Expect(what, "in registry", found.registry(), wanted.registry()));
  PEDIGREE_RETURN_IF_ERROR(
      Expect(what, "action", found.action(), wanted.action()));
  PEDIGREE_RETURN_IF_ERROR(
      Expect(what, "artifact", found.artifact(), wanted.artifact()));
  PEDIGREE_RETURN_IF_ERROR(
      Expect(what, "alias", found.alias(), wanted.alias()));
  return Expect(what, "state", found.state(), wanted.state());
}

absl::Status CheckFresh(const registry::Approval& approval,
                        std::string_view what, const Ledger& ledger,
                        uint64_t size) {
  const uint64_t sequence = approval.sequence();
  if (sequence == 0 || sequence > size ||
      ledger.EntryDigest(sequence).ToString() != approval.entry()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Refused ", what, ": it was given at entry ", sequence, ", ",
        Printable(approval.entry()), ", which the ledger does not have"));
  }
  uint64_t last = approval.action() == "policy"
                      ? size
                      : ledger.LastMention(approval.artifact(), sequence, size);
  if (!approval.alias().empty()) {
    const std::string text =
        absl::StrCat("\"alias\":\"", approval.alias(), "\"");
    last = std::max(last, ledger.LastMention(text, sequence, size));
  }
  if (last <= sequence) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("Refused ", what, ": it was given at entry ", sequence,
                   " of the ledger, and entry ", last,
                   " has changed what it is about"));
}

}  // namespace

std::string WriteStatement(std::string_view subject_name,
                           std::string_view subject_digest,
                           std::string_view predicate_type,
                           const google::protobuf::Message& predicate) {
  return CanonicalJson(
      {{"_type", kStatementType},
       {"subject",
        Json::array(
            {{{"name", subject_name},
              {"digest",
               {{"sha256", absl::StripPrefix(subject_digest, "sha256:")}}}}})},
       {"predicateType", predicate_type},
       {"predicate", RecordToJson(predicate)}});
}

absl::StatusOr<SignedStatement> ParsePayload(std::string_view payload,
                                               std::string_view what) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseForeignJson(payload, what));
  if (!json.is_object() || Text(json, "_type") != kStatementType) {
    return InvalidStatement(
        what, absl::StrCat("the payload is no statement (expected _type \"",
                           kStatementType, "\")"));
  }
  SignedStatement statement;
  statement.predicate_type = Text(json, "predicateType");
  const auto subjects = json.find("subject");
  if (subjects != json.end() && subjects->is_array()) {
    for (const Json& subject : *subjects) {
      const auto digest =
          subject.is_object() ? subject.find("digest") : subject.end();
      if (!subject.is_object() || digest == subject.end() ||
          !digest->is_object()) {
        continue;
      }
      const std::string hex = Text(*digest, "sha256");
      if (!hex.empty()) {
        statement.subjects.push_back(absl::StrCat("sha256:", hex));
      }
    }
  }
  const auto predicate = json.find("predicate");
  if (predicate != json.end()) statement.predicate = predicate->dump();
  return statement;
}

absl::StatusOr<SignedStatement> OpenStatement(
    std::string_view envelope, std::string_view what,
    const std::vector<PublicKey>& keys) {
  PEDIGREE_ASSIGN_OR_RETURN(const DsseEnvelope opened,
                            ParseEnvelope(envelope, what));
  if (opened.payload_type != kInTotoPayloadType) {
    return InvalidStatement(
        what, absl::StrCat("payloadType is \"", Printable(opened.payload_type),
                           "\" (expected \"", kInTotoPayloadType, "\")"));
  }
  std::set<std::string> key_ids = ValidSigners(opened, keys);
  if (key_ids.empty()) {
    return absl::PermissionDeniedError(
        absl::StrCat("Refused ", what, ": none of the ",
                     opened.signatures.size(),
                     " signatures is by one of the ", keys.size(),
                     " keys that count"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(SignedStatement statement,
                            ParsePayload(opened.payload, what));
  statement.key_ids = std::move(key_ids);
  return statement;
}

absl::StatusOr<std::string> SignStatement(std::string_view statement,
                                          Signer& signer) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const DsseEnvelope envelope,
      SignEnvelope(kInTotoPayloadType, statement, signer));
  return CanonicalJson(EnvelopeToJson(envelope));
}

std::string WriteApproval(const registry::Approval& approval) {
  return WriteStatement(approval.action() == "policy" ? "policy" : "packet",
                        approval.artifact(), kApprovalType, approval);
}

absl::Status CheckApproval(const SignedStatement& statement,
                           std::string_view what,
                           const registry::Approval& wanted,
                           const Ledger& ledger, uint64_t size) {
  if (statement.predicate_type != kApprovalType) {
    return InvalidStatement(
        what, absl::StrCat("predicateType is \"",
                           Printable(statement.predicate_type), "\" (expected \"",
                           kApprovalType, "\")"));
  }
  registry::Approval approval;
  PEDIGREE_RETURN_IF_ERROR(
      ParseCanonicalRecord(statement.predicate, what, &approval));
  if (!IsAbout(statement, approval.artifact())) {
    return InvalidStatement(
        what, absl::StrCat("its subject is not its artifact ",
                           Printable(approval.artifact())));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckSameWish(approval, wanted, what));
  return CheckFresh(approval, what, ledger, size);
}

std::string WriteCheckpoint(const Ledger& ledger, std::string_view at) {
  const registry::Head head = ledger.Head();
  registry::Checkpoint checkpoint;
  checkpoint.set_registry(ledger.Id());
  checkpoint.set_sequence(head.sequence());
  checkpoint.set_entry(head.entry());
  checkpoint.set_bytes(head.bytes());
  checkpoint.set_at(std::string(at));
  return WriteStatement("ledger", head.entry(), kCheckpointType, checkpoint);
}

absl::Status CheckCheckpoint(std::string_view envelope,
                             const std::vector<PublicKey>& keys,
                             const Ledger& ledger, std::string_view since) {
  constexpr std::string_view kWhat = "checkpoint";
  PEDIGREE_ASSIGN_OR_RETURN(const SignedStatement statement,
                            OpenStatement(envelope, kWhat, keys));
  if (statement.predicate_type != kCheckpointType) {
    return InvalidStatement(
        kWhat, absl::StrCat("predicateType is \"",
                            Printable(statement.predicate_type), "\" (expected \"",
                            kCheckpointType, "\")"));
  }
  registry::Checkpoint checkpoint;
  PEDIGREE_RETURN_IF_ERROR(
      ParseCanonicalRecord(statement.predicate, kWhat, &checkpoint));
  if (!IsAbout(statement, checkpoint.entry())) {
    return InvalidStatement(kWhat, "its subject is not its entry");
  }
  PEDIGREE_RETURN_IF_ERROR(CheckTime(checkpoint.at()));
  // Times of that one form are in the order of their texts.
  if (checkpoint.at() < since) {
    return absl::FailedPreconditionError(
        absl::StrCat("Old checkpoint: signed at ", checkpoint.at(),
                     " (expected ", since, " or later)"));
  }
  if (checkpoint.registry() != ledger.Id()) {
    return absl::DataLossError(absl::StrCat(
        "Not the registry of the checkpoint: id is ", ledger.Id(),
        " (expected ", Printable(checkpoint.registry()), ")"));
  }
  const uint64_t sequence = checkpoint.sequence();
  if (sequence == 0 || sequence > ledger.size()) {
    return absl::DataLossError(absl::StrCat(
        "Truncated ledger: ", ledger.size(), " entries (expected at least ",
        sequence, ", signed in the checkpoint of ", Printable(checkpoint.at()),
        "): entries were cut off, or an old copy was put in place"));
  }
  if (ledger.EntryDigest(sequence).ToString() != checkpoint.entry()) {
    return absl::DataLossError(absl::StrCat(
        "Rewritten ledger: entry ", sequence, " is ",
        ledger.EntryDigest(sequence).ToString(), " (expected ",
        Printable(checkpoint.entry()), ", signed in the checkpoint of ",
        Printable(checkpoint.at()), ")"));
  }
  return absl::OkStatus();
}

}  // namespace pedigree
