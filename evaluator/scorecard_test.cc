#include "evaluator/scorecard.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"
#include "runtime/base/proto_json.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

using evaluator::Scorecard;

std::string ValueOf(const Scorecard& scorecard, std::string_view component,
                    std::string_view suite, std::string_view name) {
  for (const evaluator::Fitness& fitness : scorecard.fitness()) {
    if (fitness.component() == component && fitness.suite() == suite &&
        fitness.name() == name) {
      return fitness.value();
    }
  }
  return "no such figure";
}

TEST(ScorecardTest, GathersFiguresOfEachSuite) {
  const Evidence smoke =
      TestEvidence(MakeTestSuite("smoke", {"a", "b", "c"}), "model",
                   {{"b", "wrong"}});
  const Evidence other = TestEvidence(MakeTestSuite("other", {"x"}), "model");
  const auto scorecard = MakeScorecard({smoke, other}, {{"data", "synthetic"}});
  ASSERT_TRUE(scorecard.ok()) << scorecard.status();
  EXPECT_EQ(ValueOf(*scorecard, "utility", "smoke", "pass_rate"), "0.666667");
  EXPECT_EQ(ValueOf(*scorecard, "utility", "other", "pass_rate"), "1.000000");
  EXPECT_EQ(ValueOf(*scorecard, "utility", "smoke", "pass_rate_lower"),
            smoke.record.interval().lower());
  // Three cases of 5 prompt tokens and 3 new ones, the last of them not run.
  EXPECT_EQ(
      ValueOf(*scorecard, "latency", "smoke", "forward_passes_per_case"),
      "7.000000");
  EXPECT_EQ(ValueOf(*scorecard, "memory", "", "peak_scratch_bytes"), "4096");
  EXPECT_EQ(scorecard->subject().assembly_digest(),
            smoke.record.assembly_digest());
  ASSERT_EQ(scorecard->sidecars_size(), 2);
  EXPECT_EQ(scorecard->sidecars(0).suite(), "other");
  EXPECT_EQ(scorecard->sidecars(1).digest(), smoke.digest);
  EXPECT_EQ(scorecard->notes(0).text(), "synthetic");
  const auto again = ParseScorecard(CanonicalRecord(*scorecard));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_NE(ScorecardReport(*again).find("pass_rate_lower"), std::string::npos);
}

TEST(ScorecardTest, DoesNotDependOnTheOrderOfEvidence) {
  const Evidence a = TestEvidence(MakeTestSuite("a", {"x"}), "model");
  const Evidence b = TestEvidence(MakeTestSuite("b", {"y"}), "model");
  EXPECT_EQ(CanonicalRecord(*MakeScorecard({a, b}, {})),
            CanonicalRecord(*MakeScorecard({b, a}, {})));
}

TEST(ScorecardTest, InheritsNoScore) {
  const Evidence child = TestEvidence(MakeTestSuite("a", {"x"}), "child");
  const Evidence parent = TestEvidence(MakeTestSuite("b", {"y"}), "parent");
  const auto scorecard = MakeScorecard({child, parent}, {});
  EXPECT_EQ(scorecard.status().message(),
            "Invalid evidence: the sidecar of suite \"b\" has assembly_digest " +
                parent.record.assembly_digest() + ", that of \"a\" " +
                child.record.assembly_digest() +
                " (a scorecard is of one assembly, and inherits nothing)");
}

TEST(ScorecardTest, RefusesNoneAndTwoOfOneSuite) {
  const Evidence evidence = TestEvidence(MakeTestSuite("a", {"x"}), "model");
  EXPECT_EQ(MakeScorecard({}, {}).status().message(),
            "Invalid evidence: no sidecar");
  EXPECT_EQ(MakeScorecard({evidence, evidence}, {}).status().message(),
            "Invalid evidence: two sidecars of suite \"a\"");
}

// Cases with tags and sources, of which those named fail.
Evidence TaggedEvidence() {
  Suite suite = MakeTestSuite("smoke", {"a1", "a2", "b1", "b2", "c1"});
  for (EvalCase& eval_case : suite.cases) {
    eval_case.source_cluster = eval_case.id.substr(0, 1);
    eval_case.tags = {eval_case.id.substr(1)};
  }
  return TestEvidence(suite, "model", {{"b2", "wrong"}});
}

TEST(ScorecardTest, RobustnessIsOfTagsAndSources) {
  const auto scorecard = MakeScorecard({TaggedEvidence()}, {});
  ASSERT_TRUE(scorecard.ok()) << scorecard.status();
  EXPECT_EQ(
      ValueOf(*scorecard, "robustness", "smoke", "worst_tag_pass_rate"),
      "0.500000");
  // Of a and b; c has one case only.
  EXPECT_EQ(ValueOf(*scorecard, "robustness", "smoke", "whole_clusters"),
            "0.500000");
}

}  // namespace
}  // namespace pedigree
