#include "evaluator/baseline.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "evaluator/sidecar.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(BaselineTest, StoresASidecarOneCaseALine) {
  const std::string sidecar = RunTestSuite(
      MakeTestSuite("smoke", {"a", "b", "c"}), "model", {{"b", "line\nbreak"}});
  const std::string stored = StoredBaseline(sidecar);
  EXPECT_EQ(std::count(stored.begin(), stored.end(), '\n'), 4);
  const auto evidence = ParseBaseline(stored);
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  EXPECT_EQ(evidence->digest, ParseSidecar(sidecar)->digest);
  // A sidecar will do as well.
  EXPECT_EQ(ParseBaseline(sidecar)->digest, evidence->digest);
}

TEST(BaselineTest, SaysWhatAStepChanges) {
  const Evidence before =
      TestEvidence(MakeTestSuite("smoke", {"a", "b", "c"}), "model",
                   {{"b", "wrong"}});
  EXPECT_EQ(DescribeBaselineChange(before, before), "unchanged\n");
  const Evidence after =
      TestEvidence(MakeTestSuite("smoke", {"a", "b", "d", "e"}), "model",
                   {{"a", "wrong"}, {"e", "wrong"}});
  EXPECT_EQ(DescribeBaselineChange(before, after),
            "suite digest: " + before.record.suite().digest() + " -> " +
                after.record.suite().digest() +
                "\npass rate: 0.666667 -> 0.500000\n"
                "lost case a\ngained case b\nadded case d, which passes\n"
                "added case e, which fails\nremoved case c\n");
}

TEST(BaselineTest, NamesTheLineThatIsNoRecord) {
  const std::string stored = StoredBaseline(
      RunTestSuite(MakeTestSuite("smoke", {"a", "b"}), "model", {}));
  EXPECT_EQ(ParseBaseline(stored + "7\n").status().message(),
            "Invalid baseline: line 4 is no object");
  const std::string cut = stored.substr(0, stored.size() - 9) + "\n";
  EXPECT_EQ(ParseBaseline(cut).status().message().rfind(
                "Invalid baseline: line 3 is ", 0),
            0u);
}

TEST(BaselineTest, RefusesWhatNoSidecarHolds) {
  const std::string stored = StoredBaseline(
      RunTestSuite(MakeTestSuite("smoke", {"a", "b"}), "model", {}));
  EXPECT_FALSE(ParseBaseline(stored + "{\"\xC3\xA9\":1}\n").ok());
  EXPECT_FALSE(ParseBaseline("{\"\xC3\xA9\":1,\"cases\":[]}\n{}\n").ok());
  EXPECT_EQ(ParseBaseline("{}\n{}\n").status().message(),
            "Invalid baseline: line 1 has no \"cases\":[] (expected a sidecar "
            "without its cases, and a line for each)");
}

TEST(BaselineTest, RefusesALineThatWasChangedByHand) {
  std::string stored = StoredBaseline(RunTestSuite(
      MakeTestSuite("smoke", {"a", "b"}), "model", {{"b", "wrong"}}));
  const size_t at = stored.find("\"passed\":false,\"prompt_digest\"");
  ASSERT_NE(at, stored.npos);
  stored.replace(at, 14, "\"passed\":true");
  EXPECT_EQ(ParseBaseline(stored).status().message(),
            "Invalid sidecar: \"passed\" of case \"b\" is \"true\" (expected "
            "\"false\")");
  // A dropped line is a dropped case.
  stored.erase(stored.rfind("{"));
  EXPECT_FALSE(ParseBaseline(stored).ok());
}

}  // namespace
}  // namespace pedigree
