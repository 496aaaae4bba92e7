#include "release/registry/policy.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "release/registry/alias_name.h"
#include "release/testing/sample_keys.h"

namespace pedigree {
namespace {

std::string Quoted(std::string_view pem) {
  return absl::StrCat("\"", absl::StrReplaceAll(pem, {{"\n", "\\n"}}), "\"");
}

std::string PolicyText(const std::string& more) {
  return absl::StrCat(
      "schema_version: \"pedigree.registry_policy.v1\" name: \"p\" ",
      "signers { name: \"alice\" public_key: ", Quoted(kEd25519PublicPem),
      "} signers { name: \"bob\" public_key: ", Quoted(kP256PublicPem), "} ",
      more);
}

void ExpectRefused(const std::string& more, const std::string& said) {
  const absl::StatusOr<RegistryPolicy> policy =
      RegistryPolicy::Parse(PolicyText(more));
  ASSERT_FALSE(policy.ok()) << more;
  EXPECT_TRUE(absl::StrContains(policy.status().message(), said))
      << policy.status();
}

TEST(RegistryPolicyTest, ReadsItsOwnCanonicalFormToTheSameDigest) {
  const absl::StatusOr<RegistryPolicy> policy = RegistryPolicy::Parse(
      PolicyText("states { state: \"champion\" approvals: 2 }"));
  ASSERT_TRUE(policy.ok()) << policy.status();
  const absl::StatusOr<RegistryPolicy> again =
      RegistryPolicy::Parse(policy->text());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->digest(), policy->digest());
  EXPECT_EQ(policy->RuleFor("champion")->approvals(), 2u);
  EXPECT_EQ(policy->RuleFor("canary"), nullptr);
  EXPECT_EQ(policy->KeysOf({"bob"}).size(), 1u);
  EXPECT_EQ(policy->NameOf(policy->KeysOf({"bob"})[0].id()), "bob");
}

TEST(RegistryPolicyTest, RefusesAnUnknownMember) {
  ExpectRefused("owner: \"x\"", "owner");
}

TEST(RegistryPolicyTest, RefusesAStateThatNothingEnters) {
  ExpectRefused("states { state: \"draft\" }", "state is \"draft\"");
  ExpectRefused("states { state: \"revoked\" }", "state is \"revoked\"");
  ExpectRefused("states { state: \"best\" }", "state is \"best\"");
}

TEST(RegistryPolicyTest, RefusesTwoRulesForAState) {
  ExpectRefused("states { state: \"canary\" } states { state: \"canary\" }",
                "state canary has two rules");
}

TEST(RegistryPolicyTest, RefusesMoreApprovalsThanSigners) {
  ExpectRefused("states { state: \"champion\" approvals: 3 }",
                "approvals of state champion is 3 (expected at most 2");
  ExpectRefused(
      "states { state: \"champion\" approvals: 2 signers: \"bob\" }",
      "approvals of state champion is 2 (expected at most 1");
  ExpectRefused("rollback_approvals: 3", "rollback_approvals is 3");
  ExpectRefused("policy_approvals: 3", "policy_approvals is 3");
}

TEST(RegistryPolicyTest, RefusesOneKeyUnderTwoNames) {
  ExpectRefused(absl::StrCat("signers { name: \"eve\" public_key: ",
                             Quoted(kP256PublicPem), "}"),
                "signer \"eve\" has the key of another signer");
}

TEST(RegistryPolicyTest, RefusesOneNameForTwoKeys) {
  ExpectRefused(absl::StrCat("signers { name: \"bob\" public_key: ",
                             Quoted(kP256PublicPem), "}"),
                "signer \"bob\" has no name of its own");
}

TEST(RegistryPolicyTest, RefusesASignerThatIsNotThere) {
  ExpectRefused("states { state: \"champion\" signers: \"eve\" }",
                "names \"eve\"");
}

TEST(RegistryPolicyTest, RefusesAStepThatTheLadderLacks) {
  ExpectRefused("states { state: \"canary\" min_claim_level: \"great\" }",
                "min_claim_level is \"great\"");
}

TEST(RegistryPolicyTest, NamesWhatARecordLacks) {
  const absl::StatusOr<RegistryPolicy> policy = RegistryPolicy::Parse(
      PolicyText("states { state: \"canary\" suites: \"safety\" "
                 "min_claim_level: \"assistant-quality\" }"));
  ASSERT_TRUE(policy.ok()) << policy.status();
  release::ReleaseRecord record;
  record.set_claim_level("runtime-smoke");
  EXPECT_EQ(CheckRule(*policy->RuleFor("canary"), record).size(), 2u);
  record.set_claim_level("product-release");
  record.add_suites()->set_name("safety");
  EXPECT_TRUE(CheckRule(*policy->RuleFor("canary"), record).empty());
}

TEST(AliasNameTest, RefusesWhatIsNoSafeFileName) {
  EXPECT_TRUE(CheckAliasName("chat-2.eu_west").ok());
  for (const char* name : {"", ".x", "-x", "a/b", "A", "a b", "../a"}) {
    EXPECT_FALSE(CheckAliasName(name).ok()) << name;
  }
  EXPECT_FALSE(CheckAliasName(std::string(65, 'a')).ok());
}

}  // namespace
}  // namespace pedigree
