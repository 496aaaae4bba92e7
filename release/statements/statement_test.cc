#include "release/statements/statement.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

constexpr std::string_view kText =
    R"({"_type":"https://in-toto.io/Statement/v1","predicate":{"result":"FAILED")"
    R"(},"predicateType":"https://in-toto.io/attestation/test-result/v0.1",)"
    R"("subject":[{"digest":{"sha256":"2c26b46b68ffc68ff99b453c1d304134)"
    R"(13422d706483bfa0f98a5e886266e7ae"},"name":"foo"}]})";

std::string Changed(std::string_view from, std::string_view to) {
  const std::string changed = absl::StrReplaceAll(kText, {{from, to}});
  EXPECT_NE(changed, kText) << from;
  return changed;
}

TEST(StatementTest, ReadsKindAndSubjects) {
  const absl::StatusOr<Statement> statement = ParseStatement(kText, "claim");
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->kind, ClaimKind::kTestResult);
  ASSERT_EQ(statement->subjects.size(), 1u);
  EXPECT_EQ(statement->subjects[0], Sha256("foo"));
}

TEST(StatementTest, UnknownMembersAreIgnored) {
  EXPECT_TRUE(
      ParseStatement(Changed("\"predicate\":{", "\"later\":1.5,\"predicate\":{"
                                                "\"more\":[null],"),
                     "claim")
          .ok());
}

// A summary that says no is a statement all the same.
TEST(StatementTest, AFailedVsaParses) {
  const absl::StatusOr<Statement> statement = ParseStatement(
      Changed("https://in-toto.io/attestation/test-result/v0.1",
              "https://slsa.dev/verification_summary/v1"),
      "claim");
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->kind, ClaimKind::kVsa);
}

TEST(StatementTest, RefusesWhatIsNoStatement) {
  const auto refused = [](const std::string& text, std::string_view phrase) {
    const absl::Status status = ParseStatement(text, "claim").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StrContains(status.message(), phrase)) << status;
  };
  refused("[]", "Invalid claim: not an object");
  refused(Changed("Statement/v1", "Statement/v0.1"),
          "\"_type\" is \"https://in-toto.io/Statement/v0.1\" (expected");
  refused(Changed("\"_type\"", "\"type\""), "\"_type\" is null");
  refused(Changed("\"predicate\":{", "\"predicates\":{"),
          "\"predicate\" is not an object");
  refused(Changed("\"predicateType\":\"", "\"predicate_type\":\""),
          "\"predicateType\" is not a string");
  refused(Changed("\"subject\"", "\"subjects\""), "\"subject\" is not a list");
  refused(Changed("\"sha256\"", "\"sha512\""),
          "claim subject 0: no digest \"sha256\"");
  refused(Changed("2c26b46b", "2C26B46B"), "claim subject 0: Invalid digest");
  refused(Changed("\"digest\":{", "\"digests\":{"),
          "\"digest\" is not an object");
}

TEST(StatementTest, RefusesOtherPredicateTypesByName) {
  const absl::Status status =
      ParseStatement(Changed("test-result/v0.1", "link/v0.3"), "claim").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(absl::StrContains(status.message(), "attestation/link/v0.3"))
      << status;
}

std::string Disagreement(std::string_view found, std::string_view expected) {
  return FindDisagreement(*ParseJson(found, "found"),
                          *ParseJson(expected, "expected"))
      .value_or("");
}

TEST(StatementTest, DisagreementsAreNamedByPlaceAndValues) {
  EXPECT_EQ(Disagreement(R"({"a":{"b":[1,2]}})", R"({"a":{"b":[1,3]}})"),
            "a.b[1] is 2 (expected 3)");
  EXPECT_EQ(Disagreement(R"({"a":{}})", R"({"a":{"b":"x"}})"),
            "a.b is missing (expected \"x\")");
  EXPECT_EQ(Disagreement(R"({"a":[1]})", R"({"a":[1,2]})"),
            "a has 1 entries (expected 2)");
  EXPECT_EQ(Disagreement(R"({"a":[1,2]})", R"({"a":[1]})"),
            "a has 2 entries (expected 1)");
  EXPECT_EQ(Disagreement(R"({"a":"1"})", R"({"a":1})"),
            "a is \"1\" (expected 1)");
  EXPECT_EQ(Disagreement(R"({"a":[]})", R"({"a":{}})"), "a is [] (expected {})");
}

TEST(StatementTest, MoreThanIsExpectedIsNoDisagreement) {
  EXPECT_EQ(Disagreement(R"({"a":{"b":1,"c":2},"d":3})", R"({"a":{"b":1}})"),
            "");
}

}  // namespace
}  // namespace pedigree
