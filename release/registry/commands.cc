#include "release/registry/commands.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/random.h>
#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "release/file_stream.h"
#include "release/printable.h"
#include "release/registry/alias_name.h"
#include "release/registry/file_system.h"
#include "release/registry/operations.h"
#include "release/registry/signed_statement.h"
#include "release/registry/verify_registry.h"
#include "release/signing/keys.h"
#include "release/signing/signer.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct Options {
  std::string directory;
  bool json = false;
  std::string at;
  std::string reason;
  std::vector<std::string> checkpoints;
  std::vector<std::string> keys;
  std::vector<std::string> approvals;
  std::vector<std::string> claims;
  std::string name;
  std::string policy;
  std::string packet;
  std::string digest;
  std::string state;
  std::string alias;
  std::string target;
  std::string action;
  std::string private_key;
  std::string out;
  std::string since;
  bool blobs_only = false;
};

void PrintJson(const Json& json) {
  std::printf("%s\n", CanonicalJson(json).c_str());
}

Json ToJson(const google::protobuf::Message& record) {
  absl::StatusOr<Json> json = ParseJson(CanonicalRecord(record), "record");
  PEDIGREE_CHECK(json.ok());
  return *std::move(json);
}

// The moment that a decision is dated with.
DecisionNote NoteOf(const Options& options) {
  DecisionNote note;
  note.reason = options.reason;
  note.at = options.at.empty()
                ? absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(),
                                   absl::UTCTimeZone())
                : options.at;
  return note;
}

absl::StatusOr<std::vector<NamedEnvelope>> ReadEnvelopes(
    const std::vector<std::string>& paths) {
  std::vector<NamedEnvelope> envelopes;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(
        std::string text,
        ReadSmallFile(path, Links::kFollow, kMaxStatementBytes));
    envelopes.push_back({path, std::move(text)});
  }
  return envelopes;
}

absl::StatusOr<std::vector<PublicKey>> ReadKeys(
    const std::vector<std::string>& paths) {
  std::vector<PublicKey> keys;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(PublicKey key, ReadPublicKey(path));
    keys.push_back(std::move(key));
  }
  return keys;
}

absl::StatusOr<RegistryPolicy> ReadPolicy(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(path, Links::kFollow, kMaxPolicyBytes));
  absl::StatusOr<RegistryPolicy> policy = RegistryPolicy::Parse(text);
  if (!policy.ok()) return AnnotateWithPath(policy.status(), path);
  return policy;
}

// Whether the ledger continues the checkpoints that were given.
absl::Status CheckCheckpoints(const Options& options, const Ledger& ledger) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<PublicKey> keys,
                            ReadKeys(options.keys));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<NamedEnvelope> checkpoints,
                            ReadEnvelopes(options.checkpoints));
  if (!options.since.empty()) {
    PEDIGREE_RETURN_IF_ERROR(CheckTime(options.since));
  }
  for (const NamedEnvelope& checkpoint : checkpoints) {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        CheckCheckpoint(checkpoint.text, keys, ledger, options.since),
        checkpoint.name));
  }
  return absl::OkStatus();
}

absl::StatusOr<Ledger> OpenToRead(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(Ledger ledger, ReadLedger(options.directory));
  PEDIGREE_RETURN_IF_ERROR(CheckCheckpoints(options, ledger));
  return ledger;
}

// To somebody at a terminal.
void SayIfWaiting(const Options& options) {
  if (isatty(STDERR_FILENO) == 0 || !IsHeldByWriter(options.directory)) return;
  std::fprintf(stderr, "waiting for another writer of %s\n",
               options.directory.c_str());
}

absl::StatusOr<RegistryWriter> OpenToWrite(
    const Options& options,
    RegistryWriter::Derived derived = RegistryWriter::Derived::kBringUp) {
  SayIfWaiting(options);
  PEDIGREE_ASSIGN_OR_RETURN(
      RegistryWriter writer,
      RegistryWriter::Open(RealFileSystem(), options.directory, derived));
  PEDIGREE_RETURN_IF_ERROR(CheckCheckpoints(options, writer.ledger()));
  return writer;
}

Json FateToJson(const AliasFate& fate) {
  return {{"alias", fate.move.alias()},
          {"artifact", fate.move.artifact()},
          {"previous", fate.move.previous()},
          {"roll_forward", fate.roll_forward}};
}

Json VerdictToJson(const Verdict& verdict) {
  Json json = {{"decided", verdict.refusals.empty() && !verdict.nothing_to_do},
               {"refusals", verdict.refusals},
               {"entry", nullptr},
               {"aliases", Json::array()}};
  if (json["decided"].get<bool>()) json["entry"] = ToJson(verdict.entry);
  for (const AliasFate& fate : verdict.fates) {
    json["aliases"].push_back(FateToJson(fate));
  }
  return json;
}

void PrintFate(const AliasFate& fate) {
  const std::string& alias = fate.move.alias();
  if (!fate.move.artifact().empty()) {
    std::printf("alias %s: back to %s\n", alias.c_str(),
                fate.move.artifact().c_str());
  } else if (!fate.roll_forward.empty()) {
    std::printf("alias %s: withdrawn, its rollback target is affected; roll "
                "forward to %s\n",
                alias.c_str(), fate.roll_forward.c_str());
  } else {
    std::printf("alias %s: withdrawn; nothing deployable is left\n",
                alias.c_str());
  }
}

void PrintEntry(const registry::Entry& entry) {
  std::printf("%llu %s %s", static_cast<unsigned long long>(entry.sequence()),
              entry.at().c_str(), entry.action().c_str());
  if (!entry.alias().empty()) std::printf(" %s", entry.alias().c_str());
  if (!entry.subject().empty()) std::printf(" %s", entry.subject().c_str());
  if (!entry.reason().empty()) {
    std::printf(" (%s)", Printable(entry.reason()).c_str());
  }
  std::printf("\n");
  for (const registry::Transition& transition : entry.transitions()) {
    std::printf("  %s: %s -> %s\n", transition.artifact().c_str(),
                transition.from().empty() ? "(new)" : transition.from().c_str(),
                transition.to().c_str());
  }
  for (const registry::AliasMove& move : entry.moves()) {
    std::printf("  alias %s: %s -> %s\n", move.alias().c_str(),
                move.previous().empty() ? "(none)" : move.previous().c_str(),
                move.artifact().empty() ? "(none)" : move.artifact().c_str());
  }
}

Outcome PrintVerdict(const Options& options, const Verdict& verdict) {
  if (options.json) {
    PrintJson(VerdictToJson(verdict));
  } else if (!verdict.refusals.empty()) {
    for (const std::string& refusal : verdict.refusals) {
      std::printf("refused: %s\n", Printable(refusal).c_str());
    }
    std::printf("no-op: nothing has changed\n");
  } else if (verdict.nothing_to_do) {
    std::printf("no-op: it is so already\n");
  } else {
    PrintEntry(verdict.entry);
    for (const AliasFate& fate : verdict.fates) PrintFate(fate);
  }
  return verdict.refusals.empty() ? Outcome::kGood : Outcome::kBad;
}

absl::StatusOr<Outcome> Init(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryPolicy policy,
                            ReadPolicy(options.policy));
  char nonce[16];
  if (getrandom(nonce, sizeof nonce, 0) != ssize_t{sizeof nonce}) {
    return absl::InternalError("Cannot get random bytes");
  }
  PEDIGREE_RETURN_IF_ERROR(CreateRegistry(
      RealFileSystem(), options.directory, options.name,
      absl::BytesToHexString(std::string_view(nonce, sizeof nonce)), policy,
      NoteOf(options)));
  PEDIGREE_ASSIGN_OR_RETURN(const Ledger ledger,
                            ReadLedger(options.directory));
  if (options.json) {
    PrintJson({{"policy", policy.digest()}, {"registry", ledger.Id()}});
  } else {
    std::printf("registry %s\n", ledger.Id().c_str());
  }
  return Outcome::kGood;
}

absl::StatusOr<Outcome> AddCommand(const Options& options) {
  std::optional<Digest> expected;
  if (!options.digest.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(expected, ParseDigest(options.digest));
  }
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer, OpenToWrite(options));
  PEDIGREE_ASSIGN_OR_RETURN(
      const Verdict verdict,
      AddPacket(writer, options.packet, expected, NoteOf(options)));
  return PrintVerdict(options, verdict);
}

absl::StatusOr<Outcome> PromoteCommand(const Options& options) {
  PromoteRequest request;
  request.artifact = options.digest;
  request.state = options.state;
  request.alias = options.alias;
  PEDIGREE_ASSIGN_OR_RETURN(request.approvals,
                            ReadEnvelopes(options.approvals));
  PEDIGREE_ASSIGN_OR_RETURN(request.claims, ReadEnvelopes(options.claims));
  if (!options.policy.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(const RegistryPolicy policy,
                              ReadPolicy(options.policy));
    request.policy = policy.digest();
  }
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer, OpenToWrite(options));
  PEDIGREE_ASSIGN_OR_RETURN(const Verdict verdict,
                            Promote(writer, request, NoteOf(options)));
  return PrintVerdict(options, verdict);
}

absl::StatusOr<Outcome> RollbackCommand(const Options& options) {
  RollbackRequest request;
  request.alias = options.alias;
  request.artifact = options.digest;
  PEDIGREE_ASSIGN_OR_RETURN(request.approvals,
                            ReadEnvelopes(options.approvals));
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer, OpenToWrite(options));
  PEDIGREE_ASSIGN_OR_RETURN(const Verdict verdict,
                            Rollback(writer, request, NoteOf(options)));
  return PrintVerdict(options, verdict);
}

absl::StatusOr<Outcome> RetireCommand(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer, OpenToWrite(options));
  PEDIGREE_ASSIGN_OR_RETURN(
      const Verdict verdict,
      Retire(writer, options.target, options.state, NoteOf(options)));
  return PrintVerdict(options, verdict);
}

absl::StatusOr<Outcome> RevokeCommand(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer, OpenToWrite(options));
  PEDIGREE_ASSIGN_OR_RETURN(
      const Verdict verdict,
      Revoke(writer, options.digest, NoteOf(options)));
  return PrintVerdict(options, verdict);
}

absl::StatusOr<Outcome> PolicyCommand(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryPolicy policy,
                            ReadPolicy(options.policy));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<NamedEnvelope> approvals,
                            ReadEnvelopes(options.approvals));
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer, OpenToWrite(options));
  PEDIGREE_ASSIGN_OR_RETURN(
      const Verdict verdict,
      ChangePolicy(writer, policy, approvals, NoteOf(options)));
  return PrintVerdict(options, verdict);
}

absl::StatusOr<Outcome> ReindexCommand(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(
      RegistryWriter writer,
      OpenToWrite(options, RegistryWriter::Derived::kRebuild));
  PEDIGREE_RETURN_IF_ERROR(Reindex(writer));
  if (options.json) {
    PrintJson({{"entries", writer.ledger().size()}});
  } else {
    std::printf("reindexed %llu entries\n",
                static_cast<unsigned long long>(writer.ledger().size()));
  }
  return Outcome::kGood;
}

void PrintArtifact(const registry::Artifact& artifact) {
  std::printf("%s %-10s %s %s%s%s\n", artifact.artifact().c_str(),
              artifact.state().c_str(), Printable(artifact.name(), 80).c_str(),
              Printable(artifact.version(), 40).c_str(),
              artifact.aliases().empty() ? "" : " alias ",
              absl::StrJoin(artifact.aliases(), ", ").c_str());
}

Json StateToJson(const Ledger& ledger, const RegistryState& state) {
  Json json = {{"registry", ledger.Id()},
               {"entries", ledger.size()},
               {"head", ledger.EntryDigest(ledger.size()).ToString()},
               {"policy", state.policy()},
               {"aliases", Json::array()},
               {"artifacts", Json::array()}};
  for (const auto& [name, alias] : state.aliases()) {
    json["aliases"].push_back(ToJson(alias));
  }
  for (const auto& [digest, artifact] : state.artifacts()) {
    json["artifacts"].push_back(ToJson(artifact));
  }
  return json;
}

absl::StatusOr<Outcome> ShowAll(const Options& options, const Ledger& ledger) {
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryState state,
                            RegistryState::Replay(ledger));
  if (options.json) {
    PrintJson(StateToJson(ledger, state));
    return Outcome::kGood;
  }
  std::printf("registry %s, %llu entries\n", ledger.Id().c_str(),
              static_cast<unsigned long long>(ledger.size()));
  for (const auto& [name, alias] : state.aliases()) {
    std::printf("alias %s: %s\n", name.c_str(),
                alias.artifact().empty() ? "(withdrawn)"
                                         : alias.artifact().c_str());
  }
  for (const auto& [digest, artifact] : state.artifacts()) {
    PrintArtifact(artifact);
  }
  return Outcome::kGood;
}

Outcome SayNotThere(const Options& options, const std::string& what) {
  if (options.json) {
    PrintJson({{"artifact", nullptr}, {"target", options.target}});
  } else {
    std::printf("%s\n", what.c_str());
  }
  return Outcome::kBad;
}

// An alias or a digest: what it is, and where its packet lies.
absl::StatusOr<Outcome> ShowOne(const Options& options, const Ledger& ledger) {
  const bool is_digest = ParseDigest(options.target).ok();
  if (!is_digest) PEDIGREE_RETURN_IF_ERROR(CheckAliasName(options.target));
  const std::set<std::string> named = {options.target};
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryState state,
      is_digest ? RegistryState::Of(ledger, named, {})
                : RegistryState::Of(ledger, {}, named));
  std::string digest = options.target;
  if (!is_digest) {
    const registry::Alias* alias = state.FindAlias(options.target);
    if (alias == nullptr || alias->artifact().empty()) {
      return SayNotThere(
          options, absl::StrCat("alias ", options.target, " points at nothing"));
    }
    PEDIGREE_RETURN_IF_ERROR(CheckAliasFile(options.directory, *alias));
    digest = alias->artifact();
  }
  const registry::Artifact* artifact = state.Find(digest);
  if (artifact == nullptr) {
    return SayNotThere(options,
                       absl::StrCat(digest, " is not in the registry"));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckArtifactFile(options.directory, *artifact));
  const std::string path = PacketPath(options.directory, digest);
  if (options.json) {
    Json json = ToJson(*artifact);
    json["path"] = path;
    PrintJson(json);
  } else {
    PrintArtifact(*artifact);
    std::printf("packet at %s\n", path.c_str());
  }
  return Outcome::kGood;
}

absl::StatusOr<Outcome> Show(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryLock lock,
      RegistryLock::Take(options.directory, RegistryLock::Kind::kShared));
  PEDIGREE_ASSIGN_OR_RETURN(const Ledger ledger, OpenToRead(options));
  return options.target.empty() ? ShowAll(options, ledger)
                                : ShowOne(options, ledger);
}

absl::StatusOr<Outcome> Log(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const Ledger ledger, OpenToRead(options));
  if (!options.target.empty() && !ParseDigest(options.target).ok()) {
    PEDIGREE_RETURN_IF_ERROR(CheckAliasName(options.target));
  }
  bool any = false;
  for (uint64_t sequence = 1; sequence <= ledger.size(); ++sequence) {
    if (!options.target.empty() &&
        ledger.Line(sequence).find(absl::StrCat("\"", options.target, "\"")) ==
            std::string_view::npos) {
      continue;
    }
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                              ledger.Entry(sequence));
    if (options.json) {
      std::printf("%s\n", std::string(ledger.Line(sequence)).c_str());
    } else {
      PrintEntry(entry);
    }
    any = true;
  }
  if (!any && !options.json) {
    std::printf("no entry is about %s\n", options.target.c_str());
  }
  return any ? Outcome::kGood : Outcome::kBad;
}

// Prints or writes a signed statement.
absl::StatusOr<Outcome> PutStatement(const Options& options,
                                     const std::string& statement) {
  std::string text = statement;
  if (!options.private_key.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(PrivateKey key,
                              ReadPrivateKey(options.private_key));
    KeySigner signer(std::move(key));
    PEDIGREE_ASSIGN_OR_RETURN(text, SignStatement(statement, signer));
  }
  text += "\n";
  if (options.out.empty()) {
    std::printf("%s", text.c_str());
  } else {
    PEDIGREE_RETURN_IF_ERROR(WriteAlone(RealFileSystem(), options.out, text));
  }
  return Outcome::kGood;
}

absl::StatusOr<Outcome> CheckpointCommand(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const Ledger ledger, OpenToRead(options));
  PEDIGREE_RETURN_IF_ERROR(RegistryState::Replay(ledger).status());
  return PutStatement(options, WriteCheckpoint(ledger, NoteOf(options).at));
}

// What an approval is about: by the action, a packet or a policy.
absl::StatusOr<registry::Approval> ApprovalOf(const Options& options) {
  registry::Approval approval;
  approval.set_action(options.action);
  approval.set_alias(options.alias);
  approval.set_artifact(options.digest);
  approval.set_state(options.state);
  if (options.action == "policy") {
    PEDIGREE_ASSIGN_OR_RETURN(const RegistryPolicy policy,
                              ReadPolicy(options.policy));
    approval.set_artifact(policy.digest());
  }
  PEDIGREE_RETURN_IF_ERROR(CheckWish(approval));
  return approval;
}

absl::StatusOr<Outcome> Approve(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(registry::Approval approval, ApprovalOf(options));
  PEDIGREE_ASSIGN_OR_RETURN(const Ledger ledger, OpenToRead(options));
  approval.set_registry(ledger.Id());
  approval.set_sequence(ledger.size());
  approval.set_entry(ledger.EntryDigest(ledger.size()).ToString());
  return PutStatement(options, WriteApproval(approval));
}

Json ReportToJson(const RegistryReport& report) {
  return {{"registry", report.id},     {"entries", report.entries},
          {"head", report.head},       {"artifacts", report.artifacts},
          {"faults", report.faults},   {"notes", report.notes},
          {"verified", report.faults.empty()}};
}

// Tells somebody at a terminal how far verification is, once a percent.
void ShowProgress(uint64_t done, uint64_t total) {
  if (done * 100 / total == (done - 1) * 100 / total) return;
  std::fprintf(stderr, "\rverified %llu of %llu packets%s",
               static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total),
               done < total ? "" : "\n");
}

absl::StatusOr<Outcome> Verify(const Options& options) {
  RegistryCheckOptions check;
  if (!options.since.empty()) {
    PEDIGREE_RETURN_IF_ERROR(CheckTime(options.since));
  }
  check.since = options.since;
  if (isatty(STDERR_FILENO) != 0) check.progress = ShowProgress;
  SayIfWaiting(options);
  PEDIGREE_ASSIGN_OR_RETURN(check.keys, ReadKeys(options.keys));
  PEDIGREE_ASSIGN_OR_RETURN(check.checkpoints,
                            ReadEnvelopes(options.checkpoints));
  check.packets = !options.blobs_only;
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryReport report,
                            VerifyRegistry(options.directory, check));
  const Outcome outcome =
      report.faults.empty() ? Outcome::kGood : Outcome::kBad;
  if (options.json) {
    PrintJson(ReportToJson(report));
    return outcome;
  }
  for (const std::string& note : report.notes) {
    std::printf("note: %s\n", note.c_str());
  }
  for (const std::string& fault : report.faults) {
    std::printf("fault: %s\n", fault.c_str());
  }
  if (!report.faults.empty()) {
    std::printf("registry verify: FAILED (faults: %zu)\n",
                report.faults.size());
    return outcome;
  }
  std::printf("registry %s, entries %llu, artifacts %llu\n", report.id.c_str(),
              static_cast<unsigned long long>(report.entries),
              static_cast<unsigned long long>(report.artifacts));
  std::printf("registry verify: %s\n",
              check.checkpoints.empty()
                  ? "consistent; no checkpoint to hold it against"
                  : "OK");
  return outcome;
}

// Adds one command below `registry`, with what all of them take.
CLI::App* AddOne(CommandLine& command_line, CLI::App* registry,
                 const std::string& name, const std::string& description,
                 absl::StatusOr<Outcome> (*body)(const Options&),
                 std::shared_ptr<Options> options) {
  CLI::App* command = command_line.Add(
      registry, name, description, [body, options] { return body(*options); });
  command->add_option("registry", options->directory, "The registry directory")
      ->required();
  command->add_flag("--json", options->json, "Print JSON");
  return command;
}

void AddCheckpointOptions(CLI::App* command, Options& options) {
  CLI::Option* key = command->add_option(
      "--key", options.keys, "PEM file of a public key that signs checkpoints");
  CLI::Option* checkpoint =
      command
          ->add_option("--checkpoint", options.checkpoints,
                       "Signed checkpoint that the ledger must continue")
          ->needs(key);
  command
      ->add_option("--checkpoint-since", options.since,
                   "Time at which checkpoints must have been signed at the "
                   "earliest; default: any")
      ->needs(checkpoint);
}

void AddNoteOptions(CLI::App* command, Options& options) {
  command->add_option("--at", options.at,
                      "Time of the entry, RFC 3339 in UTC; default: now");
  command->add_option("--reason", options.reason, "Why, for the ledger");
  AddCheckpointOptions(command, options);
}

void AddApprovalOption(CLI::App* command, Options& options) {
  command->add_option("--approval", options.approvals,
                      "Signed approval (see registry approve)");
}

void AddSigningOptions(CLI::App* command, Options& options,
                       const char* key_flag) {
  command->add_option(key_flag, options.private_key,
                      "PEM file of the private key to sign with; without, the "
                      "statement is left unsigned");
  command->add_option("--out", options.out, "File; default: standard output");
}

}  // namespace

void AddRegistryCommands(CommandLine& command_line) {
  CLI::App* registry = command_line.Add(
      nullptr, "registry",
      "Keep releases, their states, and every decision about them", nullptr);
  const auto add = [&](const std::string& name, const std::string& description,
                       absl::StatusOr<Outcome> (*body)(const Options&),
                       std::shared_ptr<Options> options) {
    return AddOne(command_line, registry, name, description, body,
                  std::move(options));
  };

  auto init = std::make_shared<Options>();
  CLI::App* command = add("init", "Make a registry", Init, init);
  command
      ->add_option("--policy", init->policy,
                   "File that says who may decide what: text format or JSON")
      ->required();
  init->name = "registry";
  command->add_option("--name", init->name, "What to call it")
      ->capture_default_str();
  command->add_option("--at", init->at,
                      "Time of the entry, RFC 3339 in UTC; default: now");
  command->add_option("--reason", init->reason, "Why, for the ledger");

  auto packet = std::make_shared<Options>();
  command = add("add", "Add a packet as a draft", AddCommand, packet);
  command->add_option("packet", packet->packet, "The packet directory")
      ->required();
  command->add_option("--digest", packet->digest,
                      "sha256:HEX that the packet must have");
  AddNoteOptions(command, *packet);

  auto promote = std::make_shared<Options>();
  command = add("promote", "Take an artifact to its next state", PromoteCommand,
                promote);
  command->add_option("artifact", promote->digest, "sha256:HEX of the packet")
      ->required();
  command
      ->add_option("--to", promote->state,
                   "candidate, shadow, canary, champion or specialist")
      ->required();
  command->add_option("--alias", promote->alias,
                      "Alias that is to point at a champion or specialist");
  command->add_option("--policy", promote->policy,
                      "The policy that must be in force; default: any");
  command->add_option("--claim", promote->claims,
                      "Signed claim that the policy asks for");
  AddApprovalOption(command, *promote);
  AddNoteOptions(command, *promote);

  auto rollback = std::make_shared<Options>();
  command = add("rollback", "Point an alias back at a proven artifact",
                RollbackCommand, rollback);
  command->add_option("alias", rollback->alias, "The alias")->required();
  command->add_option("--to", rollback->digest, "sha256:HEX of the packet")
      ->required();
  AddApprovalOption(command, *rollback);
  AddNoteOptions(command, *rollback);

  auto retire = std::make_shared<Options>();
  command = add("retire", "Archive or reject an artifact, or withdraw an alias",
                RetireCommand, retire);
  command->add_option("target", retire->target,
                      "sha256:HEX of the packet, or an alias")
      ->required();
  retire->state = "archived";
  command->add_option("--to", retire->state, "archived or rejected")
      ->capture_default_str();
  AddNoteOptions(command, *retire);

  auto revoke = std::make_shared<Options>();
  command = add("revoke", "Revoke something and all that comes from it",
                RevokeCommand, revoke);
  command
      ->add_option("digest", revoke->digest,
                   "sha256:HEX of a packet, assembly, model, adapter, runtime "
                   "or operator's input")
      ->required();
  AddNoteOptions(command, *revoke);

  auto policy = std::make_shared<Options>();
  command =
      add("policy", "Put another policy in force", PolicyCommand, policy);
  command->add_option("--policy", policy->policy, "The new policy")
      ->required();
  AddApprovalOption(command, *policy);
  AddNoteOptions(command, *policy);

  auto approve = std::make_shared<Options>();
  command = add("approve", "Sign an approval of one decision", Approve, approve);
  command->add_option("artifact", approve->digest, "sha256:HEX of the packet");
  approve->action = "promote";
  command->add_option("--action", approve->action,
                      "promote, rollback or policy")
      ->capture_default_str();
  command->add_option("--to", approve->state, "State to enter");
  command->add_option("--alias", approve->alias, "Alias that moves");
  command->add_option("--policy", approve->policy,
                      "The new policy, for --action=policy");
  AddSigningOptions(command, *approve, "--key");

  auto reindex = std::make_shared<Options>();
  command = add("reindex", "Write aliases and index anew from the ledger",
                ReindexCommand, reindex);
  AddCheckpointOptions(command, *reindex);

  auto show = std::make_shared<Options>();
  command = add("show", "Show artifacts and aliases", Show, show);
  command->add_option("target", show->target,
                      "sha256:HEX or alias; default: everything");
  AddCheckpointOptions(command, *show);

  auto log = std::make_shared<Options>();
  command = add("log", "Show the ledger", Log, log);
  command->add_option("target", log->target,
                      "Only entries about this sha256:HEX or alias");
  AddCheckpointOptions(command, *log);

  auto checkpoint = std::make_shared<Options>();
  command = add("checkpoint", "Sign how long the ledger is and how it ends",
                CheckpointCommand, checkpoint);
  command->add_option("--at", checkpoint->at,
                      "Time of the checkpoint; default: now");
  AddSigningOptions(command, *checkpoint, "--key");

  auto verify = std::make_shared<Options>();
  command = add("verify", "Check ledger, aliases, index and packets", Verify,
                verify);
  command->add_flag("--blobs-only", verify->blobs_only,
                    "Hash each blob once instead of verifying each packet");
  AddCheckpointOptions(command, *verify);
}

}  // namespace pedigree
