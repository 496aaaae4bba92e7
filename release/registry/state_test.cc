#include "release/registry/state.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/registry/ledger.h"
#include "release/registry/records.pb.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

using registry::Entry;

constexpr char kTime[] = "2026-01-02T03:04:05Z";

std::string Packet(std::string_view name) { return Sha256(name).ToString(); }

Entry MakeEntry(std::string_view action, std::string_view subject = "") {
  Entry entry;
  entry.set_action(std::string(action));
  entry.set_at(kTime);
  if (!subject.empty()) entry.set_subject(Packet(subject));
  return entry;
}

void Change(Entry& entry, std::string_view name, const std::string& from,
            const std::string& to) {
  registry::Transition& transition = *entry.add_transitions();
  transition.set_artifact(Packet(name));
  transition.set_from(from);
  transition.set_to(to);
}

void Move(Entry& entry, const std::string& alias, std::string_view to,
          std::string_view from) {
  registry::AliasMove& move = *entry.add_moves();
  move.set_alias(alias);
  if (!to.empty()) move.set_artifact(Packet(to));
  if (!from.empty()) move.set_previous(Packet(from));
}

Entry Add(std::string_view name) {
  Entry entry = MakeEntry("add", name);
  entry.mutable_release()->set_name(std::string(name));
  Change(entry, name, "", "draft");
  return entry;
}

Entry Promote(std::string_view name, const std::string& from,
              const std::string& to) {
  Entry entry = MakeEntry("promote", name);
  Change(entry, name, from, to);
  return entry;
}

// Points `alias` at `name`, from canary, and archives what it left.
Entry Crown(std::string_view name, const std::string& alias,
            std::string_view left = "") {
  Entry entry = Promote(name, "canary", "champion");
  entry.set_alias(alias);
  if (!left.empty()) Change(entry, left, "champion", "archived");
  Move(entry, alias, name, left);
  return entry;
}

Entry Rollback(std::string_view name, const std::string& alias,
               std::string_view left) {
  Entry entry = MakeEntry("rollback", name);
  entry.set_alias(alias);
  Change(entry, name, "archived", "champion");
  Change(entry, left, "champion", "archived");
  Move(entry, alias, name, left);
  return entry;
}

class StateTest : public testing::Test {
 protected:
  StateTest() : ledger_(StartLedger(Genesis())) {}

  static Entry Genesis() {
    Entry entry = MakeEntry("init");
    entry.set_policy(Packet("policy 1"));
    return entry;
  }

  void Append(Entry entry) {
    ledger_.Number(entry);
    ledger_.Append(entry);
  }

  // Adds `name` and takes it up to canary.
  void Raise(std::string_view name) {
    Append(Add(name));
    Append(Promote(name, "draft", "candidate"));
    Append(Promote(name, "candidate", "shadow"));
    Append(Promote(name, "shadow", "canary"));
  }

  RegistryState State() {
    const absl::StatusOr<RegistryState> state = RegistryState::Replay(ledger_);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? *state : RegistryState();
  }

  // `entry` as the next one is not allowed, for exactly this reason.
  void ExpectRefused(Entry entry, const std::string& reason) {
    ledger_.Number(entry);
    const absl::Status status = State().Check(entry);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(status.message(), absl::StrCat("Refused: ", reason));
  }

  Ledger ledger_;
};

TEST_F(StateTest, FollowsAnArtifactThroughTheLifecycle) {
  Raise("a");
  Append(Crown("a", "chat"));
  const RegistryState state = State();
  const registry::Artifact& artifact = *state.Find(Packet("a"));
  EXPECT_EQ(artifact.name(), "a");
  EXPECT_EQ(artifact.state(), "champion");
  EXPECT_EQ(artifact.added(), 2u);
  EXPECT_EQ(artifact.changed(), 6u);
  EXPECT_EQ(artifact.proven(), 6u);
  EXPECT_EQ(artifact.proven_state(), "champion");
  ASSERT_EQ(artifact.aliases_size(), 1);
  EXPECT_EQ(artifact.aliases(0), "chat");
}

TEST_F(StateTest, PointsAnAliasAndArchivesWhatItLeft) {
  Raise("a");
  Append(Crown("a", "chat"));
  Raise("b");
  Append(Crown("b", "chat", "a"));
  const RegistryState state = State();
  EXPECT_EQ(state.FindAlias("chat")->artifact(), Packet("b"));
  EXPECT_EQ(state.FindAlias("chat")->previous(), Packet("a"));
  EXPECT_EQ(state.FindAlias("chat")->sequence(), 11u);
  EXPECT_EQ(state.Find(Packet("a"))->state(), "archived");
  EXPECT_EQ(state.Find(Packet("a"))->aliases_size(), 0);
}

TEST_F(StateTest, KeepsWhatWasProvenThroughTheArchive) {
  Raise("a");
  Append(Crown("a", "chat"));
  Raise("b");
  Append(Crown("b", "chat", "a"));
  EXPECT_EQ(State().Find(Packet("a"))->proven(), 6u);
  Append(Rollback("a", "chat", "b"));
  EXPECT_EQ(State().Find(Packet("a"))->state(), "champion");
  EXPECT_EQ(State().Find(Packet("a"))->proven(), 12u);
}

TEST_F(StateTest, TellsThePolicyInForce) {
  EXPECT_EQ(State().policy(), Packet("policy 1"));
  Entry policy = MakeEntry("policy");
  policy.set_policy(Packet("policy 2"));
  Append(policy);
  Append(Add("a"));
  EXPECT_EQ(State().policy(), Packet("policy 2"));
  EXPECT_EQ(*CurrentPolicy(ledger_), Packet("policy 2"));
}

// Of() takes short cuts through a ledger.
TEST_F(StateTest, ReadsAPartAsTheWholeTellsIt) {
  for (const char* name : {"a", "b", "c"}) Raise(name);
  Append(Crown("a", "chat"));
  Append(Crown("b", "chat", "a"));
  Append(Rollback("a", "chat", "b"));
  Entry second = MakeEntry("promote", "a");
  second.set_alias("mail");
  Move(second, "mail", "a", "");
  Append(second);
  Append(Crown("c", "code"));
  Entry retired = MakeEntry("retire", "c");
  retired.set_alias("code");
  Change(retired, "c", "champion", "archived");
  Move(retired, "code", "", "c");
  Append(retired);
  const RegistryState whole = State();
  for (const auto& [digest, artifact] : whole.artifacts()) {
    const auto part = RegistryState::Of(ledger_, {digest}, {});
    ASSERT_TRUE(part.ok()) << part.status();
    EXPECT_EQ(CanonicalRecord(*part->Find(digest)), CanonicalRecord(artifact));
  }
  for (const auto& [name, alias] : whole.aliases()) {
    const auto part = RegistryState::Of(ledger_, {}, {name});
    ASSERT_TRUE(part.ok()) << part.status();
    EXPECT_EQ(CanonicalRecord(*part->FindAlias(name)), CanonicalRecord(alias));
    EXPECT_EQ(part->policy(), whole.policy());
    if (alias.artifact().empty()) continue;
    EXPECT_EQ(CanonicalRecord(*part->Find(alias.artifact())),
              CanonicalRecord(*whole.Find(alias.artifact())));
  }
}

TEST_F(StateTest, KnowsNothingOfWhatIsNotThere) {
  const auto part = RegistryState::Of(ledger_, {Packet("a")}, {"chat"});
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->Find(Packet("a")), nullptr);
  EXPECT_EQ(part->FindAlias("chat"), nullptr);
}

TEST_F(StateTest, ShowsEachEntryWithTheStateBeforeIt) {
  Append(Add("a"));
  Append(Promote("a", "draft", "candidate"));
  std::vector<std::string> seen;
  const auto state = RegistryState::Replay(
      ledger_, [&](const RegistryState& before, const Entry& entry) {
        const registry::Artifact* artifact = before.Find(Packet("a"));
        seen.push_back(absl::StrCat(
            entry.action(), ":", artifact == nullptr ? "" : artifact->state()));
        return absl::OkStatus();
      });
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(seen, (std::vector<std::string>{"init:", "add:", "promote:draft"}));
}

TEST_F(StateTest, NamesTheEntryThatNoCommandWouldHaveWritten) {
  Append(Add("a"));
  Append(Promote("a", "draft", "canary"));
  EXPECT_EQ(RegistryState::Replay(ledger_).status().message(),
            absl::StrCat("Corrupted ledger: entry 3: Refused: promote takes ",
                         Packet("a"), " from \"draft\" to \"canary\""));
}

TEST_F(StateTest, RefusesAnEntryWithoutATime) {
  Entry entry = Add("a");
  entry.set_at("today");
  Append(entry);
  EXPECT_EQ(RegistryState::Replay(ledger_).status().message(),
            "Corrupted ledger: entry 2: Invalid time: \"today\" (expected RFC "
            "3339 in UTC, 2026-11-28T12:00:00Z)");
}

TEST_F(StateTest, RefusesAnUnknownAction) {
  ExpectRefused(MakeEntry("bless", "a"), "unknown action \"bless\"");
}

TEST_F(StateTest, RefusesASecondInit) {
  ExpectRefused(MakeEntry("init"),
                "init is entry 2 (init is the first and only the first)");
}

TEST_F(StateTest, RefusesToAddWhatIsThere) {
  Append(Add("a"));
  Entry entry = MakeEntry("add", "a");
  Change(entry, "a", "draft", "draft");
  ExpectRefused(entry, absl::StrCat("add takes ", Packet("a"),
                                    " from \"draft\" to \"draft\""));
}

TEST_F(StateTest, RefusesAChangeFromAnotherState) {
  Append(Add("a"));
  Append(Promote("a", "draft", "candidate"));
  Entry entry = Promote("a", "canary", "shadow");
  ExpectRefused(entry, absl::StrCat(Packet("a"),
                                    " is \"candidate\" (expected \"canary\")"));
}

TEST_F(StateTest, RefusesTwoChangesOfOneArtifact) {
  Append(Add("a"));
  Entry entry = Promote("a", "draft", "candidate");
  Change(entry, "a", "draft", "candidate");
  ExpectRefused(entry, absl::StrCat(Packet("a"),
                                    " goes to \"candidate\", twice or to no "
                                    "state"));
}

TEST_F(StateTest, RefusesToTakeAnotherArtifactAlong) {
  Append(Add("a"));
  Append(Add("b"));
  Entry entry = Promote("a", "draft", "candidate");
  Change(entry, "b", "draft", "candidate");
  ExpectRefused(entry, absl::StrCat("promote of ", Packet("a"), " takes ",
                                    Packet("b"), " to \"candidate\""));
}

TEST_F(StateTest, RefusesToArchiveAChampionThatItsAliasDoesNotLeave) {
  for (const char* name : {"a", "b"}) Raise(name);
  Append(Crown("a", "mail"));
  Entry entry = Crown("b", "chat");
  Change(entry, "a", "champion", "archived");
  ExpectRefused(entry, absl::StrCat("promote of ", Packet("b"), " takes ",
                                    Packet("a"), " to \"archived\""));
}

TEST_F(StateTest, RefusesToBringBackWhatIsRevoked) {
  Append(Add("a"));
  Entry revoke = MakeEntry("revoke", "a");
  Change(revoke, "a", "draft", "revoked");
  Append(revoke);
  Entry entry = MakeEntry("revoke", "a");
  Change(entry, "a", "revoked", "revoked");
  ExpectRefused(entry, absl::StrCat(Packet("a"), " is revoked and stays so"));
}

TEST_F(StateTest, RefusesARollbackToWhatIsNotProven) {
  Append(Add("a"));
  Entry entry = MakeEntry("rollback", "a");
  Change(entry, "a", "draft", "champion");
  ExpectRefused(entry, absl::StrCat("rollback takes ", Packet("a"),
                                    " from \"draft\" to \"champion\", which is "
                                    "not proven deployable"));
}

TEST_F(StateTest, RefusesToRetireWhatIsRetired) {
  Append(Add("a"));
  Entry entry = MakeEntry("retire", "a");
  Change(entry, "a", "draft", "rejected");
  Append(entry);
  Entry again = MakeEntry("retire", "a");
  Change(again, "a", "rejected", "archived");
  ExpectRefused(again, absl::StrCat("retire takes ", Packet("a"),
                                    " from \"rejected\" to \"archived\""));
}

TEST_F(StateTest, RefusesAChampionWithoutAnAlias) {
  Raise("a");
  ExpectRefused(Promote("a", "canary", "champion"),
                "promote to \"champion\" moves 0 aliases");
}

TEST_F(StateTest, RefusesAMoveFromWhereTheAliasIsNot) {
  for (const char* name : {"a", "b"}) Raise(name);
  Append(Crown("a", "chat"));
  ExpectRefused(Crown("b", "chat"),
                absl::StrCat("alias chat points at \"", Packet("a"),
                             "\" (expected \"\")"));
}

// What was approved is one alias; another one must not move in its place.
TEST_F(StateTest, RefusesToMoveAnAliasThatItDoesNotName) {
  Raise("a");
  Entry entry = Crown("a", "chat");
  entry.mutable_moves(0)->set_alias("mail");
  ExpectRefused(entry, absl::StrCat("promote of ", Packet("a"),
                                    " by alias \"chat\" moves alias mail from "
                                    "\"\" to \"", Packet("a"), "\""));
}

TEST_F(StateTest, RefusesToPointAnAliasAtAnotherArtifact) {
  for (const char* name : {"a", "b"}) Raise(name);
  Append(Crown("b", "mail"));
  Entry entry = Crown("a", "chat");
  entry.mutable_moves(0)->set_artifact(Packet("b"));
  ExpectRefused(entry, absl::StrCat("promote of ", Packet("a"),
                                    " by alias \"chat\" moves alias chat from "
                                    "\"\" to \"", Packet("b"), "\""));
}

TEST_F(StateTest, RefusesAnAddThatMovesAnAlias) {
  Raise("a");
  Append(Crown("a", "chat"));
  Entry entry = Add("b");
  entry.set_alias("chat");
  Move(entry, "chat", "", "a");
  ExpectRefused(entry, absl::StrCat("add of ", Packet("b"),
                                    " by alias \"chat\" moves alias chat from "
                                    "\"", Packet("a"), "\" to \"\""));
}

TEST_F(StateTest, RefusesAnAliasThatIsNamedButNotMoved) {
  Append(Add("a"));
  Entry entry = Promote("a", "draft", "candidate");
  entry.set_alias("chat");
  ExpectRefused(entry, "promote names alias \"chat\" and moves 0");
}

TEST_F(StateTest, RefusesToRetireWhatAnAliasPointsAt) {
  Raise("a");
  Append(Crown("a", "chat"));
  Entry entry = MakeEntry("retire", "a");
  Change(entry, "a", "champion", "archived");
  ExpectRefused(entry, absl::StrCat("alias chat would still point at ",
                                    Packet("a"), ", which is \"archived\""));
}

}  // namespace
}  // namespace pedigree
