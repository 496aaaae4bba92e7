#include "release/registry/grounds.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/records.pb.h"
#include "release/registry/ledger.h"
#include "release/registry/policy.h"
#include "release/registry/records.pb.h"
#include "release/registry/signed_statement.h"
#include "release/signing/signer.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

using Lines = std::vector<std::string>;

constexpr char kClaimType[] = "https://example.com/safety/v1";

const std::string& Packet() {
  static const std::string& digest = *new std::string(
      Sha256("packet").ToString());
  return digest;
}

// Alice and bob sign; canary wants a suite, champion two approvals, specialist
// one of bob's and a claim.
registry::RegistryPolicy PolicyRecord() {
  registry::RegistryPolicy policy;
  policy.set_schema_version(std::string(kRegistryPolicySchema));
  policy.set_name("p");
  for (const auto& [name, pem] :
       {std::pair("alice", kEd25519PublicPem), std::pair("bob", kP256PublicPem)}) {
    registry::Signer& signer = *policy.add_signers();
    signer.set_name(name);
    signer.set_public_key(std::string(pem));
  }
  policy.add_states()->set_state("canary");
  policy.mutable_states(0)->add_suites("safety");
  policy.add_states()->set_state("champion");
  policy.mutable_states(1)->set_approvals(2);
  policy.add_states()->set_state("specialist");
  policy.mutable_states(2)->set_approvals(1);
  policy.mutable_states(2)->add_signers("bob");
  policy.mutable_states(2)->add_claims(kClaimType);
  policy.set_rollback_approvals(1);
  policy.set_policy_approvals(1);
  return policy;
}

std::string Sign(std::string_view statement, std::string_view key) {
  KeySigner signer(SampleKey(key));
  const absl::StatusOr<std::string> text = SignStatement(statement, signer);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

class GroundsTest : public testing::Test {
 protected:
  GroundsTest() : ledger_(StartLedger(Genesis())) {
    Append("add", Packet());
    grounds_.decision.set_action("promote");
    grounds_.decision.set_alias("chat");
    grounds_.decision.set_artifact(Packet());
    grounds_.decision.set_state("champion");
  }

  static registry::Entry Genesis() {
    registry::Entry entry;
    entry.set_action("init");
    return entry;
  }

  void Append(const std::string& action, const std::string& subject) {
    registry::Entry entry;
    entry.set_action(action);
    entry.set_subject(subject);
    ledger_.Number(entry);
    ledger_.Append(entry);
  }

  // An approval of the decision, given now.
  registry::Approval Wish() const {
    registry::Approval approval = grounds_.decision;
    approval.set_registry(ledger_.Id());
    approval.set_sequence(ledger_.size());
    approval.set_entry(ledger_.EntryDigest(ledger_.size()).ToString());
    return approval;
  }

  void Approve(const registry::Approval& wish, std::string_view key) {
    grounds_.approvals.push_back(
        {absl::StrCat("approval ", grounds_.approvals.size() + 1),
         Sign(WriteApproval(wish), key)});
  }

  void Claim(const std::string& subject, std::string_view key) {
    grounds_.claims.push_back(
        {"claim", Sign(WriteStatement("packet", subject, kClaimType,
                                      registry::Approval()),
                       key)});
  }

  Lines Check() const {
    const absl::StatusOr<RegistryPolicy> policy =
        RegistryPolicy::Parse(CanonicalRecord(PolicyRecord()));
    EXPECT_TRUE(policy.ok()) << policy.status();
    return CheckGrounds(*policy, grounds_, ledger_, ledger_.size());
  }

  Ledger ledger_;
  Grounds grounds_;
};

TEST_F(GroundsTest, LacksNothingWithTheApprovalsOfTwoSigners) {
  Approve(Wish(), kEd25519PrivatePem);
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check(), Lines());
}

TEST_F(GroundsTest, TakesAnApprovalThoughOtherThingsHappenedSince) {
  Approve(Wish(), kEd25519PrivatePem);
  Append("add", Sha256("other").ToString());
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check(), Lines());
}

TEST_F(GroundsTest, LacksNothingWithASignersClaimAndApproval) {
  grounds_.decision.set_state("specialist");
  Approve(Wish(), kP256PrivatePem);
  Claim(Packet(), kEd25519PrivatePem);
  EXPECT_EQ(Check(), Lines());
}

TEST_F(GroundsTest, HoldsARollbackAgainstItsOwnNumberOfApprovals) {
  grounds_.decision.set_action("rollback");
  EXPECT_EQ(Check(), Lines{"approved by 0 signers (expected 1)"});
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check(), Lines());
}

TEST_F(GroundsTest, HoldsANewPolicyAgainstTheOneInForce) {
  grounds_.decision = registry::Approval();
  grounds_.decision.set_action("policy");
  grounds_.decision.set_artifact(Sha256("policy 2").ToString());
  EXPECT_EQ(Check(), Lines{"approved by 0 signers (expected 1)"});
  Approve(Wish(), kEd25519PrivatePem);
  EXPECT_EQ(Check(), Lines());
  Append("add", Sha256("other").ToString());
  EXPECT_EQ(Check(),
            (Lines{"Refused approval 1: it was given at entry 2 of the ledger, "
                   "and entry 3 has changed what it is about",
                   "approved by 0 signers (expected 1)"}));
}

TEST_F(GroundsTest, RefusesAStateWithoutARule) {
  grounds_.decision.set_state("shadow");
  EXPECT_EQ(Check(), Lines{"the policy in force has no rule for shadow"});
}

TEST_F(GroundsTest, RefusesEvidenceWithoutTheSuiteAskedFor) {
  grounds_.decision.set_state("canary");
  grounds_.decision.clear_alias();
  EXPECT_EQ(Check().size(), 1u);
  grounds_.record.add_suites()->set_name("safety");
  EXPECT_EQ(Check(), Lines());
}

TEST_F(GroundsTest, RefusesTwoApprovalsByOneSigner) {
  // Different bytes, where signatures are made with a random number.
  Approve(Wish(), kP256PrivatePem);
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check(), Lines{"approved by 1 signers (expected 2)"});
}

TEST_F(GroundsTest, RefusesAnApprovalByAStranger) {
  Approve(Wish(), kEd25519PrivatePem);
  Approve(Wish(), kOtherEd25519PrivatePem);
  EXPECT_EQ(Check(),
            (Lines{"Refused approval 2: none of the 1 signatures is by one of "
                   "the 2 keys that count",
                   "approved by 1 signers (expected 2)"}));
}

TEST_F(GroundsTest, RefusesAnApprovalByASignerWhoDoesNotCountHere) {
  grounds_.decision.set_state("specialist");
  Approve(Wish(), kEd25519PrivatePem);
  Claim(Packet(), kEd25519PrivatePem);
  EXPECT_EQ(Check(),
            (Lines{"Refused approval 1: none of the 1 signatures is by one of "
                   "the 1 keys that count",
                   "approved by 0 signers (expected 1)"}));
}

TEST_F(GroundsTest, RefusesAnApprovalGivenInAnotherRegistry) {
  registry::Approval wish = Wish();
  wish.set_registry(Sha256("elsewhere").ToString());
  Approve(wish, kEd25519PrivatePem);
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check()[0],
            absl::StrCat("Refused approval 1: it approves in registry \"",
                         wish.registry(), "\" (expected \"", ledger_.Id(),
                         "\")"));
}

TEST_F(GroundsTest, RefusesAnApprovalOfAHistoryThatTheLedgerDoesNotTell) {
  registry::Approval wish = Wish();
  wish.set_entry(Sha256("another").ToString());
  Approve(wish, kEd25519PrivatePem);
  EXPECT_EQ(Check()[0],
            absl::StrCat("Refused approval 1: it was given at entry 2, ",
                         wish.entry(), ", which the ledger does not have"));
}

TEST_F(GroundsTest, RefusesAnApprovalOfAnEarlierSituation) {
  Approve(Wish(), kEd25519PrivatePem);
  Append("promote", Packet());
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check(),
            (Lines{"Refused approval 1: it was given at entry 2 of the ledger, "
                   "and entry 3 has changed what it is about",
                   "approved by 1 signers (expected 2)"}));
}

TEST_F(GroundsTest, RefusesAnApprovalWhoseSubjectIsNotItsArtifact) {
  const std::string statement = WriteStatement(
      "packet", Sha256("other").ToString(), kApprovalType, Wish());
  grounds_.approvals = {
      {"approval", Sign(statement, kEd25519PrivatePem)}};
  EXPECT_EQ(Check()[0],
            absl::StrCat("Invalid approval: its subject is not its artifact ",
                         Packet()));
}

TEST_F(GroundsTest, RefusesACheckpointForAnApproval) {
  grounds_.approvals = {
      {"approval", Sign(WriteCheckpoint(ledger_, "2026-01-02T03:04:05Z"),
                        kEd25519PrivatePem)}};
  EXPECT_EQ(Check()[0],
            absl::StrCat("Invalid approval: predicateType is \"",
                         kCheckpointType, "\" (expected \"", kApprovalType,
                         "\")"));
}

TEST_F(GroundsTest, RefusesAMissingClaim) {
  grounds_.decision.set_state("specialist");
  Approve(Wish(), kP256PrivatePem);
  EXPECT_EQ(Check(), Lines{absl::StrCat("no signed claim of type ", kClaimType,
                                        " is shown")});
}

TEST_F(GroundsTest, RefusesAClaimAboutAnotherPacket) {
  grounds_.decision.set_state("specialist");
  Approve(Wish(), kP256PrivatePem);
  Claim(Sha256("other").ToString(), kEd25519PrivatePem);
  EXPECT_EQ(Check(),
            (Lines{absl::StrCat("Refused claim: it is not about ", Packet()),
                   absl::StrCat("no signed claim of type ", kClaimType,
                                " is shown")}));
}

}  // namespace
}  // namespace pedigree
