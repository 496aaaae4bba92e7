#include "release/statements/statement_faults.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "release/statements/statement.h"
#include "release/statements/statements.h"
#include "release/testing/sample_packet.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

class StatementFaultsTest : public testing::Test {
 protected:
  Json Made(ClaimKind kind) const {
    return *MakeStatement(kind, sample_.parts);
  }

  std::vector<std::string> FaultsOf(const Json& json) const {
    const auto statement = ParseStatement(CanonicalJson(json), "claim");
    EXPECT_TRUE(statement.ok()) << statement.status();
    return *FindStatementFaults(*statement, sample_.parts, "claim");
  }

  const SamplePacket sample_ = MakeSamplePacket();
};

TEST_F(StatementFaultsTest, FindsNoneInWhatThePacketGives) {
  for (const ClaimKind kind : kPacketClaims) {
    EXPECT_TRUE(FaultsOf(Made(kind)).empty()) << ClaimName(kind);
  }
}

TEST_F(StatementFaultsTest, AllowsProvenanceToNameTheCommit) {
  Json provenance = Made(ClaimKind::kProvenance);
  ASSERT_TRUE(AddSourceCommit(std::string(40, 'a'), provenance).ok());
  EXPECT_TRUE(FaultsOf(provenance).empty());
}

TEST_F(StatementFaultsTest, RefusesASourceThatIsNoCommit) {
  Json provenance = Made(ClaimKind::kProvenance);
  ASSERT_TRUE(AddSourceCommit(std::string(40, 'a'), provenance).ok());
  provenance["predicate"]["buildDefinition"]["resolvedDependencies"][0]
            ["digest"] = Json::object({{"gitCommit", "main"}});
  const std::vector<std::string> faults = FaultsOf(provenance);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(faults[0], "Altered claim: ")) << faults[0];
}

TEST_F(StatementFaultsTest, RefusesAStatementAboutAnotherPacket) {
  Json eval = Made(ClaimKind::kEval);
  eval["subject"] = Json::array({Json::object(
      {{"digest", Json::object({{"sha256", Sha256("other").Hex()}})},
       {"name", "packet"}})});
  const std::vector<std::string> faults = FaultsOf(eval);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(faults[0], "Invalid claim: it is about sha256:"));
}

TEST_F(StatementFaultsTest, RefusesAStatementThatSaysSomethingElse) {
  Json result = Made(ClaimKind::kTestResult);
  result["predicate"]["result"] = "FAILED";
  const std::vector<std::string> faults = FaultsOf(result);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(
      faults[0], "Altered claim: predicate.result is \"FAILED\""))
      << faults[0];
}

}  // namespace
}  // namespace pedigree
