#include "release/registry/operations.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/lineage/packet_facts.h"
#include "release/registry/alias_name.h"
#include "release/registry/lifecycle.h"
#include "release/verify.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

using registry::Entry;

absl::StatusOr<Entry> StartEntry(std::string_view action,
                                 const DecisionNote& note) {
  PEDIGREE_RETURN_IF_ERROR(CheckTime(note.at));
  if (note.reason.size() > 4096) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid reason: ", note.reason.size(),
                     " bytes (expected at most 4096)"));
  }
  Entry entry;
  entry.set_action(std::string(action));
  entry.set_at(note.at);
  entry.set_reason(note.reason);
  return entry;
}

void AddTransition(Entry& entry, const std::string& artifact,
                   const std::string& from, std::string_view to) {
  registry::Transition& transition = *entry.add_transitions();
  transition.set_artifact(artifact);
  transition.set_from(from);
  transition.set_to(std::string(to));
}

void SortTransitions(Entry& entry) {
  std::sort(entry.mutable_transitions()->begin(),
            entry.mutable_transitions()->end(),
            [](const registry::Transition& a, const registry::Transition& b) {
              return a.artifact() < b.artifact();
            });
}

Verdict Refused(std::string reason) {
  Verdict verdict;
  verdict.refusals.push_back(std::move(reason));
  return verdict;
}

// Holds the entry against the lifecycle and writes it.
absl::StatusOr<Verdict> Decide(RegistryWriter& writer,
                               const RegistryState& state, Entry entry) {
  Verdict verdict;
  verdict.entry = std::move(entry);
  verdict.entry.set_sequence(writer.ledger().size() + 1);
  const absl::Status allowed = state.Check(verdict.entry);
  if (!allowed.ok()) return Refused(std::string(allowed.message()));
  PEDIGREE_RETURN_IF_ERROR(writer.Commit(verdict.entry, state));
  return verdict;
}

// The state of what a decision is about, held against the files that tell it to
// others.
absl::StatusOr<RegistryState> ReadState(const RegistryWriter& writer,
                                        const std::set<std::string>& artifacts,
                                        const std::set<std::string>& aliases) {
  PEDIGREE_ASSIGN_OR_RETURN(
      RegistryState state,
      RegistryState::Of(writer.ledger(), artifacts, aliases));
  for (const std::string& artifact : artifacts) {
    if (const registry::Artifact* found = state.Find(artifact)) {
      PEDIGREE_RETURN_IF_ERROR(CheckArtifactFile(writer.directory(), *found));
    }
  }
  for (const std::string& alias : aliases) {
    if (const registry::Alias* found = state.FindAlias(alias)) {
      PEDIGREE_RETURN_IF_ERROR(CheckAliasFile(writer.directory(), *found));
    }
  }
  return state;
}

registry::Approval MakeDecision(const std::string& action,
                                const std::string& alias,
                                const std::string& artifact,
                                const std::string& state) {
  registry::Approval decision;
  decision.set_action(action);
  decision.set_alias(alias);
  decision.set_artifact(artifact);
  decision.set_state(state);
  return decision;
}

absl::Status CheckDigestText(std::string_view digest) {
  return ParseDigest(digest).status();
}

// Verifies the registry's copy of a packet; appends its faults to `refusals`.
absl::StatusOr<VerifyReport> VerifyOwn(const RegistryWriter& writer,
                                       const std::string& artifact,
                                       std::vector<std::string>& refusals) {
  PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(artifact));
  PEDIGREE_ASSIGN_OR_RETURN(
      VerifyReport report,
      VerifyPacket(PacketPath(writer.directory(), artifact), digest));
  refusals.insert(refusals.end(), report.faults.begin(), report.faults.end());
  return report;
}

absl::StatusOr<std::vector<std::string>> PutEnvelopes(
    RegistryWriter& writer, const std::vector<NamedEnvelope>& envelopes) {
  std::set<std::string> digests;
  for (const NamedEnvelope& envelope : envelopes) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string digest,
                              writer.PutBlob(envelope.text));
    digests.insert(digest);
  }
  return std::vector<std::string>(digests.begin(), digests.end());
}

absl::Status AddApprovals(RegistryWriter& writer,
                          const std::vector<NamedEnvelope>& approvals,
                          Entry& entry) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> digests,
                            PutEnvelopes(writer, approvals));
  for (const std::string& digest : digests) entry.add_approvals(digest);
  return absl::OkStatus();
}

void AddEvidence(const release::ReleaseRecord& record, Entry& entry) {
  entry.add_evidence(record.decision_digest());
  for (const release::Evidence& evidence : record.sidecars()) {
    entry.add_evidence(evidence.sidecar_digest());
  }
}

// Lets `alias` point at the entry's subject and archives what it pointed at,
// unless another alias still does.
void MoveAlias(const RegistryState& state, const std::string& alias,
               Entry& entry) {
  registry::AliasMove& move = *entry.add_moves();
  move.set_alias(alias);
  move.set_artifact(entry.subject());
  const registry::Alias* before = state.FindAlias(alias);
  if (before == nullptr) return;
  move.set_previous(before->artifact());
  const registry::Artifact* left = state.Find(before->artifact());
  if (left != nullptr && left->artifact() != entry.subject() &&
      left->aliases_size() == 1) {
    AddTransition(entry, left->artifact(), left->state(), "archived");
  }
}

using RevokedMap = std::map<std::string, uint64_t>;

// Those of `digests` that revocations so far reached, with the first entry that
// did. Parses only revocations that name one of them.
absl::StatusOr<RevokedMap> RevokedOf(const Ledger& ledger,
                                     const std::set<std::string>& digests) {
  RevokedMap revoked;
  const std::set<uint64_t> naming = ledger.Naming(digests);
  for (uint64_t sequence : ledger.OfAction("revoke")) {
    if (naming.count(sequence) == 0) continue;
    PEDIGREE_ASSIGN_OR_RETURN(const Entry entry, ledger.Entry(sequence));
    for (const std::string& digest : entry.affected()) {
      if (digests.count(digest) != 0) revoked.emplace(digest, sequence);
    }
  }
  return revoked;
}

// Leaves out the derivations that an entry told already.
void DropKnown(const Ledger& ledger, registry::Release& release) {
  auto& derivations = *release.mutable_derivations();
  derivations.erase(
      std::remove_if(derivations.begin(), derivations.end(),
                     [&](const registry::Derivation& derivation) {
                       return !ledger.Mentioning(CanonicalRecord(derivation))
                                   .empty();
                     }),
      derivations.end());
}

absl::Status CheckPromoteRequest(const PromoteRequest& request) {
  PEDIGREE_RETURN_IF_ERROR(CheckDigestText(request.artifact));
  if (!IsState(request.state) || request.state == "draft" ||
      IsFinal(request.state)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid state: \"", request.state,
                     "\" (expected candidate, shadow, canary, champion or "
                     "specialist)"));
  }
  if (!MovesAlias(request.state)) {
    if (request.alias.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid alias: \"", request.alias, "\" (expected none: ",
        request.state, " moves no alias)"));
  }
  if (!request.alias.empty()) return CheckAliasName(request.alias);
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid alias: none given (expected the one that is to point at the ",
      request.state, ")"));
}

}  // namespace

absl::Status CheckWish(const registry::Approval& wish) {
  if (wish.action() == "promote") {
    return CheckPromoteRequest(
        {wish.artifact(), wish.state(), wish.alias(), {}, {}, ""});
  }
  if (wish.action() == "policy") return CheckDigestText(wish.artifact());
  if (wish.action() != "rollback") {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid action: \"", wish.action(),
                     "\" (expected promote, rollback or policy)"));
  }
  if (!MovesAlias(wish.state())) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid state: \"", wish.state(),
                     "\" (expected champion or specialist, which a rollback "
                     "restores)"));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckAliasName(wish.alias()));
  return CheckDigestText(wish.artifact());
}

absl::Status CreateRegistry(FileSystem& files, const std::string& directory,
                            const std::string& name, const std::string& nonce,
                            const RegistryPolicy& policy,
                            const DecisionNote& note) {
  PEDIGREE_RETURN_IF_ERROR(CheckAliasName(name));
  PEDIGREE_ASSIGN_OR_RETURN(Entry genesis, StartEntry("init", note));
  genesis.set_policy(policy.digest());
  genesis.mutable_genesis()->set_name(name);
  genesis.mutable_genesis()->set_nonce(nonce);
  return InitRegistry(files, directory, std::move(genesis), policy.text());
}

absl::StatusOr<Verdict> AddPacket(RegistryWriter& writer,
                                  const std::string& packet,
                                  const std::optional<Digest>& expected_digest,
                                  const DecisionNote& note) {
  PEDIGREE_ASSIGN_OR_RETURN(Entry entry, StartEntry("add", note));
  PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report,
                            VerifyPacket(packet, expected_digest));
  Verdict verdict;
  verdict.refusals = report.faults;
  if (!verdict.refusals.empty()) return verdict;
  entry.set_subject(report.digest->ToString());
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryState state,
                            ReadState(writer, {entry.subject()}, {}));
  if (state.Find(entry.subject()) != nullptr) {
    verdict.nothing_to_do = true;
    verdict.entry = std::move(entry);
    return verdict;
  }
  PEDIGREE_ASSIGN_OR_RETURN(const PacketFacts facts,
                            PacketFactsReader().Read(packet));
  if (facts.digest != *report.digest) {
    return absl::DataLossError(absl::StrCat(
        packet, ": changed while it was read (", facts.digest.ToString(),
        ", expected ", report.digest->ToString(), ")"));
  }
  registry::Release release = DescribeRelease(facts);
  PEDIGREE_ASSIGN_OR_RETURN(const RevokedMap revoked,
                            RevokedOf(writer.ledger(), OriginsOf(release)));
  for (const auto& [origin, sequence] : revoked) {
    verdict.refusals.push_back(absl::StrCat("it comes from ", origin,
                                            ", which entry ", sequence,
                                            " of the ledger revoked"));
  }
  if (!verdict.refusals.empty()) return verdict;
  PEDIGREE_RETURN_IF_ERROR(writer.PutPacket(packet, *report.digest));
  DropKnown(writer.ledger(), release);
  *entry.mutable_release() = std::move(release);
  AddTransition(entry, entry.subject(), "", "draft");
  return Decide(writer, state, std::move(entry));
}

absl::StatusOr<Verdict> Promote(RegistryWriter& writer,
                                const PromoteRequest& request,
                                const DecisionNote& note) {
  PEDIGREE_RETURN_IF_ERROR(CheckPromoteRequest(request));
  PEDIGREE_ASSIGN_OR_RETURN(Entry entry, StartEntry("promote", note));
  std::set<std::string> aliases;
  if (!request.alias.empty()) aliases.insert(request.alias);
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryState state,
                            ReadState(writer, {request.artifact}, aliases));
  const registry::Artifact* artifact = state.Find(request.artifact);
  if (artifact == nullptr) {
    return Refused(absl::StrCat(request.artifact, " is not in the registry"));
  }
  if (!MayPromote(artifact->state(), request.state)) {
    return Refused(absl::StrCat(request.artifact, " is ", artifact->state(),
                                ", from where no promotion leads to ",
                                request.state));
  }
  const registry::Alias* alias = state.FindAlias(request.alias);
  if (alias != nullptr && alias->artifact() == request.artifact) {
    Verdict verdict;
    verdict.nothing_to_do = true;
    return verdict;
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryPolicy policy,
      ReadCurrentPolicy(writer.directory(), writer.ledger()));
  if (!request.policy.empty() && request.policy != policy.digest()) {
    return Refused(absl::StrCat("the policy in force is ", policy.digest(),
                                " (expected ", request.policy, ")"));
  }
  Verdict verdict;
  PEDIGREE_ASSIGN_OR_RETURN(
      const VerifyReport report,
      VerifyOwn(writer, request.artifact, verdict.refusals));
  if (!verdict.refusals.empty()) return verdict;
  verdict.refusals = CheckGrounds(
      policy,
      {MakeDecision("promote", request.alias, request.artifact, request.state),
       report.record, request.approvals, request.claims},
      writer.ledger(), writer.ledger().size());
  if (!verdict.refusals.empty()) return verdict;
  entry.set_subject(request.artifact);
  entry.set_alias(request.alias);
  entry.set_policy(policy.digest());
  AddEvidence(report.record, entry);
  if (artifact->state() != request.state) {
    AddTransition(entry, request.artifact, artifact->state(), request.state);
  }
  if (MovesAlias(request.state)) MoveAlias(state, request.alias, entry);
  SortTransitions(entry);
  PEDIGREE_RETURN_IF_ERROR(AddApprovals(writer, request.approvals, entry));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<std::string> claims,
                            PutEnvelopes(writer, request.claims));
  for (const std::string& digest : claims) entry.add_claims(digest);
  return Decide(writer, state, std::move(entry));
}

absl::StatusOr<Verdict> Rollback(RegistryWriter& writer,
                                 const RollbackRequest& request,
                                 const DecisionNote& note) {
  PEDIGREE_RETURN_IF_ERROR(CheckDigestText(request.artifact));
  PEDIGREE_RETURN_IF_ERROR(CheckAliasName(request.alias));
  PEDIGREE_ASSIGN_OR_RETURN(Entry entry, StartEntry("rollback", note));
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryState state,
      ReadState(writer, {request.artifact}, {request.alias}));
  const registry::Alias* alias = state.FindAlias(request.alias);
  const registry::Artifact* artifact = state.Find(request.artifact);
  if (alias == nullptr) {
    return Refused(absl::StrCat("alias ", request.alias, " never pointed at "
                                "anything"));
  }
  if (artifact == nullptr) {
    return Refused(absl::StrCat(request.artifact, " is not in the registry"));
  }
  if (alias->artifact() == request.artifact) {
    return Refused(absl::StrCat("alias ", request.alias, " points at ",
                                request.artifact, " already"));
  }
  Verdict verdict;
  PEDIGREE_ASSIGN_OR_RETURN(
      const VerifyReport report,
      VerifyOwn(writer, request.artifact, verdict.refusals));
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryPolicy policy,
      ReadCurrentPolicy(writer.directory(), writer.ledger()));
  const std::string restored =
      MovesAlias(artifact->state()) ? artifact->state() : "champion";
  if (!verdict.refusals.empty()) return verdict;
  verdict.refusals = CheckGrounds(
      policy,
      {MakeDecision("rollback", request.alias, request.artifact, restored),
       report.record, request.approvals, {}},
      writer.ledger(), writer.ledger().size());
  if (!verdict.refusals.empty()) return verdict;
  entry.set_subject(request.artifact);
  entry.set_alias(request.alias);
  entry.set_policy(policy.digest());
  AddEvidence(report.record, entry);
  if (artifact->state() != restored) {
    AddTransition(entry, request.artifact, artifact->state(), restored);
  }
  MoveAlias(state, request.alias, entry);
  SortTransitions(entry);
  PEDIGREE_RETURN_IF_ERROR(AddApprovals(writer, request.approvals, entry));
  return Decide(writer, state, std::move(entry));
}

absl::StatusOr<Verdict> Retire(RegistryWriter& writer,
                               const std::string& target,
                               const std::string& state_name,
                               const DecisionNote& note) {
  if (state_name != "archived" && state_name != "rejected") {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid state: \"", state_name,
                     "\" (expected archived or rejected)"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(Entry entry, StartEntry("retire", note));
  const bool is_alias = !absl::StartsWith(target, "sha256:");
  PEDIGREE_RETURN_IF_ERROR(is_alias ? CheckAliasName(target)
                                    : CheckDigestText(target));
  const std::set<std::string> named = {target};
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryState state,
      is_alias ? ReadState(writer, {}, named) : ReadState(writer, named, {}));
  std::string digest = target;
  if (is_alias) {
    const registry::Alias* alias = state.FindAlias(target);
    if (alias == nullptr || alias->artifact().empty()) {
      return Refused(absl::StrCat("alias ", target, " points at nothing"));
    }
    digest = alias->artifact();
    registry::AliasMove& move = *entry.add_moves();
    move.set_alias(target);
    move.set_previous(digest);
    entry.set_alias(target);
  }
  const registry::Artifact* artifact = state.Find(digest);
  if (artifact == nullptr) {
    return Refused(absl::StrCat(digest, " is not in the registry"));
  }
  for (const std::string& alias : artifact->aliases()) {
    if (is_alias && alias == target) continue;
    return Refused(absl::StrCat("alias ", alias, " points at ", digest,
                                ": promote or roll back another, or retire "
                                "the alias"));
  }
  entry.set_subject(digest);
  AddTransition(entry, digest, artifact->state(), state_name);
  return Decide(writer, state, std::move(entry));
}

absl::StatusOr<Verdict> Revoke(RegistryWriter& writer,
                               const std::string& digest,
                               const DecisionNote& note) {
  PEDIGREE_RETURN_IF_ERROR(CheckDigestText(digest));
  PEDIGREE_ASSIGN_OR_RETURN(Entry entry, StartEntry("revoke", note));
  DerivationGraph graph;
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryState state,
      RegistryState::Replay(writer.ledger(),
                            [&](const RegistryState&, const Entry& past) {
                              graph.Add(past);
                              return absl::OkStatus();
                            }));
  if (!graph.Knows(digest)) {
    return Refused(absl::StrCat("nothing in the registry is or comes from ",
                                digest));
  }
  entry.set_subject(digest);
  std::vector<AliasFate> fates = PlanRevocation(graph, state, entry);
  PEDIGREE_ASSIGN_OR_RETURN(const RevokedMap revoked,
                            RevokedOf(writer.ledger(), {digest}));
  if (entry.transitions().empty() && !revoked.empty()) {
    Verdict verdict;
    verdict.nothing_to_do = true;
    return verdict;
  }
  PEDIGREE_ASSIGN_OR_RETURN(Verdict verdict,
                            Decide(writer, state, std::move(entry)));
  verdict.fates = std::move(fates);
  return verdict;
}

absl::StatusOr<Verdict> ChangePolicy(
    RegistryWriter& writer, const RegistryPolicy& policy,
    const std::vector<NamedEnvelope>& approvals, const DecisionNote& note) {
  PEDIGREE_ASSIGN_OR_RETURN(Entry entry, StartEntry("policy", note));
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryPolicy current,
      ReadCurrentPolicy(writer.directory(), writer.ledger()));
  Verdict verdict;
  if (current.digest() == policy.digest()) {
    verdict.nothing_to_do = true;
    return verdict;
  }
  verdict.refusals = CheckGrounds(
      current, {MakeDecision("policy", "", policy.digest(), ""), {}, approvals, {}},
      writer.ledger(), writer.ledger().size());
  if (!verdict.refusals.empty()) return verdict;
  PEDIGREE_ASSIGN_OR_RETURN(const std::string digest,
                            writer.PutBlob(policy.text()));
  entry.set_policy(digest);
  PEDIGREE_RETURN_IF_ERROR(AddApprovals(writer, approvals, entry));
  return Decide(writer, RegistryState(), std::move(entry));
}

absl::Status Reindex(RegistryWriter& writer) {
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryState state,
                            RegistryState::Replay(writer.ledger()));
  return writer.Rebuild(state);
}

absl::StatusOr<RegistryPolicy> ReadCurrentPolicy(const std::string& directory,
                                                 const Ledger& ledger) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string digest, CurrentPolicy(ledger));
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadRegistryBlob(directory, digest, kMaxPolicyBytes));
  return RegistryPolicy::Parse(text);
}

}  // namespace pedigree
