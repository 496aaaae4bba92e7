#include "release/registry/state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/registry/lifecycle.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

using registry::AliasMove;
using registry::Artifact;
using registry::Entry;
using registry::Transition;

constexpr std::string_view kArtifactSchema = "pedigree.artifact.v1";
constexpr std::string_view kAliasSchema = "pedigree.alias.v1";

absl::Status Illegal(std::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("Refused: ", what));
}

// The transition of `entry` that its action is about.
const Transition* SubjectTransition(const Entry& entry) {
  for (const Transition& transition : entry.transitions()) {
    if (transition.artifact() == entry.subject()) return &transition;
  }
  return nullptr;
}

std::string StateOf(const Artifact* artifact) {
  return artifact == nullptr ? "" : artifact->state();
}

const AliasMove* FindMove(const Entry& entry, std::string_view alias) {
  for (const AliasMove& move : entry.moves()) {
    if (move.alias() == alias) return &move;
  }
  return nullptr;
}

// The last entry that moves `alias`, which alone says where it points; an empty
// one when there is none.
absl::StatusOr<Entry> LastMove(const Ledger& ledger, std::string_view alias) {
  const std::string text = absl::StrCat("\"alias\":\"", alias, "\"");
  uint64_t sequence = ledger.LastMention(text, 0, ledger.size());
  while (sequence != 0) {
    PEDIGREE_ASSIGN_OR_RETURN(Entry entry, ledger.Entry(sequence));
    if (FindMove(entry, alias) != nullptr) return entry;
    sequence = ledger.LastMention(text, 0, sequence - 1);
  }
  return Entry();
}

// What may happen to artifacts besides the subject's own change: what loses its
// alias is archived, and a revocation takes back what an alias pointed at
// before.
bool MayFollow(const Entry& entry, const Transition& transition) {
  if (entry.action() == "revoke") {
    return transition.to() == "revoked" ||
           (transition.from() == "archived" && MovesAlias(transition.to()));
  }
  if (entry.action() == "promote" || entry.action() == "rollback") {
    return transition.to() == "archived" && MovesAlias(transition.from()) &&
           entry.moves_size() == 1 &&
           entry.moves(0).previous() == transition.artifact();
  }
  return false;
}

// Whether the action moves aliases so: promote and rollback point their own at
// their subject, retire withdraws its own from it, and a revocation takes those
// away that point somewhere.
bool MayMove(const Entry& entry, const AliasMove& move) {
  const std::string& action = entry.action();
  if (action == "revoke") return !move.previous().empty();
  if (move.alias() != entry.alias()) return false;
  if (action == "promote" || action == "rollback") {
    return move.artifact() == entry.subject();
  }
  return action == "retire" && move.artifact().empty() &&
         move.previous() == entry.subject();
}

// Whether the entry names the alias that it moves, and moves no other.
absl::Status CheckOwnAlias(const Entry& entry) {
  const bool named = entry.action() != "revoke" && entry.moves_size() > 0;
  const int most = entry.action() == "revoke" ? entry.moves_size() : 1;
  if (entry.alias().empty() == named || entry.moves_size() > most) {
    return Illegal(absl::StrCat(entry.action(), " names alias \"",
                                entry.alias(), "\" and moves ",
                                entry.moves_size()));
  }
  for (const AliasMove& move : entry.moves()) {
    if (MayMove(entry, move)) continue;
    return Illegal(absl::StrCat(
        entry.action(), " of ", entry.subject(), " by alias \"",
        entry.alias(), "\" moves alias ", move.alias(), " from \"",
        move.previous(), "\" to \"", move.artifact(), "\""));
  }
  return absl::OkStatus();
}

absl::Status CheckSubject(const Entry& entry, const Artifact* subject) {
  const Transition* transition = SubjectTransition(entry);
  const std::string& action = entry.action();
  const std::string to = transition == nullptr ? StateOf(subject)
                                               : transition->to();
  const std::string from = StateOf(subject);
  const std::string shown =
      absl::StrCat(action, " takes ", entry.subject(), " from \"", from,
                   "\" to \"", to, "\"");
  if (action == "add" && (subject != nullptr || to != "draft")) {
    return Illegal(shown);
  }
  if (action == "promote" && !MayPromote(from, to)) return Illegal(shown);
  if (action == "rollback") {
    if (subject == nullptr || subject->proven() == 0 || from == "revoked" ||
        from == "rejected") {
      return Illegal(absl::StrCat(shown, ", which is not proven deployable"));
    }
    if (!MovesAlias(to)) return Illegal(shown);
  }
  if (action == "retire" &&
      ((to != "archived" && to != "rejected") || IsFinal(from) ||
       from.empty())) {
    return Illegal(shown);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RegistryState> RegistryState::Replay(
    const Ledger& ledger,
    absl::FunctionRef<absl::Status(const RegistryState&, const Entry&)> look) {
  RegistryState state;
  for (uint64_t sequence = 1; sequence <= ledger.size(); ++sequence) {
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                              ledger.Entry(sequence));
    absl::Status status = CheckTime(entry.at());
    if (status.ok()) status = state.Check(entry);
    if (!status.ok()) {
      return absl::DataLossError(absl::StrCat("Corrupted ledger: entry ",
                                              sequence, ": ",
                                              status.message()));
    }
    PEDIGREE_RETURN_IF_ERROR(look(state, entry));
    state.Apply(entry);
  }
  return state;
}

absl::StatusOr<RegistryState> RegistryState::Replay(const Ledger& ledger) {
  return Replay(ledger, [](const RegistryState&, const Entry&) {
    return absl::OkStatus();
  });
}

absl::StatusOr<RegistryState> RegistryState::Of(
    const Ledger& ledger, const std::set<std::string>& artifacts,
    const std::set<std::string>& aliases) {
  std::set<std::string> digests = artifacts;
  std::set<uint64_t> last_moves;
  for (const std::string& alias : aliases) {
    PEDIGREE_ASSIGN_OR_RETURN(const Entry entry, LastMove(ledger, alias));
    if (entry.sequence() == 0) continue;
    last_moves.insert(entry.sequence());
    digests.insert(FindMove(entry, alias)->artifact());
  }
  digests.erase("");
  std::set<uint64_t> wanted = ledger.Naming(digests);
  wanted.merge(last_moves);
  RegistryState state;
  PEDIGREE_RETURN_IF_ERROR(state.ApplyAll(ledger, wanted));
  PEDIGREE_ASSIGN_OR_RETURN(state.policy_, CurrentPolicy(ledger));
  return state;
}

absl::Status RegistryState::ApplyAll(const Ledger& ledger,
                                     const std::set<uint64_t>& wanted) {
  for (uint64_t sequence : wanted) {
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                              ledger.Entry(sequence));
    Apply(entry);
  }
  return absl::OkStatus();
}

const Artifact* RegistryState::Find(std::string_view artifact) const {
  const auto found = artifacts_.find(std::string(artifact));
  return found == artifacts_.end() ? nullptr : &found->second;
}

const registry::Alias* RegistryState::FindAlias(std::string_view alias) const {
  const auto found = aliases_.find(std::string(alias));
  return found == aliases_.end() ? nullptr : &found->second;
}

absl::Status RegistryState::Check(const Entry& entry) const {
  const std::string& action = entry.action();
  static constexpr std::string_view kActions[] = {
      "init", "policy", "add", "promote", "rollback", "retire", "revoke"};
  if (std::find(std::begin(kActions), std::end(kActions), action) ==
      std::end(kActions)) {
    return Illegal(absl::StrCat("unknown action \"", action, "\""));
  }
  if ((action == "init") != (entry.sequence() == 1)) {
    return Illegal(absl::StrCat(action, " is entry ", entry.sequence(),
                                " (init is the first and only the first)"));
  }
  if (action != "revoke") {
    PEDIGREE_RETURN_IF_ERROR(CheckSubject(entry, Find(entry.subject())));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckTransitions(entry));
  return CheckMoves(entry);
}

absl::Status RegistryState::CheckTransitions(const Entry& entry) const {
  std::set<std::string> seen;
  for (const Transition& transition : entry.transitions()) {
    const std::string& artifact = transition.artifact();
    const std::string now = StateOf(Find(artifact));
    if (transition.from() != now) {
      return Illegal(absl::StrCat(artifact, " is \"", now, "\" (expected \"",
                                  transition.from(), "\")"));
    }
    if (!IsState(transition.to()) || !seen.insert(artifact).second) {
      return Illegal(absl::StrCat(artifact, " goes to \"", transition.to(),
                                  "\", twice or to no state"));
    }
    if (now == "revoked") {
      return Illegal(absl::StrCat(artifact, " is revoked and stays so"));
    }
    if (artifact != entry.subject() && !MayFollow(entry, transition)) {
      return Illegal(absl::StrCat(entry.action(), " of ", entry.subject(),
                                  " takes ", artifact, " to \"",
                                  transition.to(), "\""));
    }
  }
  return absl::OkStatus();
}

RegistryState RegistryState::Touched(const Entry& entry) const {
  RegistryState touched;
  const auto take = [&](const std::string& digest) {
    const Artifact* artifact = Find(digest);
    if (artifact != nullptr) touched.artifacts_[digest] = *artifact;
  };
  for (const Transition& transition : entry.transitions()) {
    take(transition.artifact());
  }
  for (const AliasMove& move : entry.moves()) {
    take(move.artifact());
    take(move.previous());
  }
  return touched;
}

absl::Status RegistryState::CheckMoves(const Entry& entry) const {
  RegistryState after = Touched(entry);
  after.Apply(entry);
  const Artifact* subject = after.Find(entry.subject());
  const bool enters =
      entry.action() == "promote" || entry.action() == "rollback";
  if (enters && (entry.moves_size() == 1) != MovesAlias(StateOf(subject))) {
    return Illegal(absl::StrCat(entry.action(), " to \"", StateOf(subject),
                                "\" moves ", entry.moves_size(),
                                " aliases"));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckOwnAlias(entry));
  for (const AliasMove& move : entry.moves()) {
    const registry::Alias* alias = FindAlias(move.alias());
    const std::string now = alias == nullptr ? "" : alias->artifact();
    if (move.previous() != now) {
      return Illegal(absl::StrCat("alias ", move.alias(), " points at \"", now,
                                  "\" (expected \"", move.previous(), "\")"));
    }
    if (!move.artifact().empty() &&
        !MovesAlias(StateOf(after.Find(move.artifact())))) {
      return Illegal(absl::StrCat("alias ", move.alias(), " would point at ",
                                  move.artifact(), ", which is \"",
                                  StateOf(after.Find(move.artifact())), "\""));
    }
  }
  for (const Transition& transition : entry.transitions()) {
    const Artifact* artifact = after.Find(transition.artifact());
    if (artifact != nullptr && artifact->aliases_size() > 0 &&
        !MovesAlias(artifact->state())) {
      return Illegal(absl::StrCat("alias ", artifact->aliases(0),
                                  " would still point at ",
                                  artifact->artifact(), ", which is \"",
                                  artifact->state(), "\""));
    }
  }
  return absl::OkStatus();
}

void RegistryState::Apply(const Entry& entry) {
  if (entry.action() == "init" || entry.action() == "policy") {
    policy_ = entry.policy();
  }
  if (entry.action() == "add") Admit(entry);
  for (const Transition& transition : entry.transitions()) {
    const auto found = artifacts_.find(transition.artifact());
    if (found == artifacts_.end()) continue;
    found->second.set_state(transition.to());
    found->second.set_changed(entry.sequence());
    if (IsDeployable(transition.to())) {
      found->second.set_proven(entry.sequence());
      found->second.set_proven_state(transition.to());
    }
  }
  for (const AliasMove& move : entry.moves()) Point(entry, move);
}

void RegistryState::Admit(const Entry& entry) {
  Artifact& artifact = artifacts_[entry.subject()];
  artifact.set_schema_version(std::string(kArtifactSchema));
  artifact.set_artifact(entry.subject());
  artifact.set_name(entry.release().name());
  artifact.set_version(entry.release().version());
  artifact.set_assembly_digest(entry.release().assembly_digest());
  artifact.set_claim_level(entry.release().claim_level());
  artifact.set_added(entry.sequence());
}

void RegistryState::Point(const Entry& entry, const AliasMove& move) {
  registry::Alias& alias = aliases_[move.alias()];
  alias.set_schema_version(std::string(kAliasSchema));
  alias.set_alias(move.alias());
  alias.set_artifact(move.artifact());
  alias.set_previous(move.previous());
  alias.set_changed_at(entry.at());
  *alias.mutable_approval() = entry.approvals();
  alias.set_sequence(entry.sequence());
  const auto left = artifacts_.find(move.previous());
  if (left != artifacts_.end()) {
    auto& names = *left->second.mutable_aliases();
    names.erase(std::remove(names.begin(), names.end(), move.alias()),
                names.end());
  }
  const auto entered = artifacts_.find(move.artifact());
  if (entered != artifacts_.end()) {
    auto& names = *entered->second.mutable_aliases();
    names.Add(std::string(move.alias()));
    std::sort(names.begin(), names.end());
  }
}

absl::StatusOr<std::string> CurrentPolicy(const Ledger& ledger) {
  const std::vector<uint64_t> changes = ledger.OfAction("policy");
  PEDIGREE_ASSIGN_OR_RETURN(
      const registry::Entry entry,
      ledger.Entry(changes.empty() ? 1 : changes.back()));
  return entry.policy();
}

}  // namespace pedigree
