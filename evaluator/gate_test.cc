#include "evaluator/gate.h"

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "evaluator/observation.h"
#include "evaluator/policy.h"
#include "evaluator/sidecar.h"
#include "evaluator/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

using evaluator::Decision;
using evaluator::GatePolicy;
using evaluator::Reason;

// A floor of 3/4, and any fall of a tenth is a regression.
GatePolicy Policy() {
  const auto policy = ParsePolicy(R"(
    schema_version: "pedigree.gate_policy.v1" name: "test" version: "1"
    claim_level: "runtime-smoke"
    suites { name: "smoke" min_pass_rate: "0.75"
             regression { min_effect: "0.1" max_p_value: "1" } }
    resource_caps { counter: "peak_scratch_bytes" max: 4096 }
  )");
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *policy;
}

Suite Smoke() { return MakeTestSuite("smoke", {"a", "b", "c", "hard-1"}); }

// A candidate with `answers` against a baseline that is right throughout.
GateInput Input(const std::map<std::string, std::string>& answers = {}) {
  GateInput input;
  input.policy = Policy();
  input.sidecars = {TestEvidence(Smoke(), "candidate", answers)};
  input.baselines = {TestEvidence(Smoke(), "parent")};
  input.suites = {Smoke()};
  input.manifest_digest = Sha256("manifest").ToString();
  return input;
}

Decision Judge(const GateInput& input) {
  const auto decision = Decide(input);
  EXPECT_TRUE(decision.ok()) << decision.status();
  return *decision;
}

// "<verdict> <case> <check>: <found> / <required>" of each reason.
std::vector<std::string> Reasons(const Decision& decision) {
  std::vector<std::string> lines;
  for (const Reason& reason : decision.reasons()) {
    lines.push_back(reason.verdict() + " " + reason.case_() + " " +
                    reason.check() + ": " + reason.found() + " / " +
                    reason.required());
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(GateTest, PromotesAGoodCandidate) {
  const Decision decision = Judge(Input());
  EXPECT_EQ(decision.verdict(), "PASS");
  EXPECT_EQ(decision.action(), "promote");
  EXPECT_EQ(decision.claim_level(), "runtime-smoke");
  EXPECT_EQ(Reasons(decision), Lines{});
}

TEST(GateTest, CitesPolicySubjectAndEvidence) {
  const GateInput input = Input();
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.schema_version(), "pedigree.decision.v1");
  EXPECT_EQ(decision.policy().name(), "test");
  EXPECT_EQ(decision.subject().assembly_digest(),
            input.sidecars[0].record.assembly_digest());
  ASSERT_EQ(decision.sidecars_size(), 1);
  EXPECT_EQ(decision.sidecars(0).digest(), input.sidecars[0].digest);
  ASSERT_EQ(decision.baselines_size(), 1);
  EXPECT_EQ(decision.baselines(0).digest(), input.baselines[0].digest);
  EXPECT_EQ(decision.baselines(0).assembly_digest(),
            input.baselines[0].record.assembly_digest());
}

TEST(GateTest, ACandidateThatIsItsOwnBaselineChangesNothing) {
  GateInput input = Input();
  input.baselines = input.sidecars;
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "PASS");
  EXPECT_EQ(decision.action(), "no-op");
}

TEST(GateTest, ListsFiguresAgainstTheBaseline) {
  GateInput input = Input({{"a", "?"}});
  input.baselines = {TestEvidence(Smoke(), "parent", {{"b", "?"}})};
  const Decision decision = Judge(input);
  ASSERT_EQ(decision.suites_size(), 1);
  const auto& figures = decision.suites(0);
  EXPECT_EQ(figures.passed(), 3u);
  EXPECT_EQ(figures.cases(), 4u);
  EXPECT_EQ(figures.pass_rate(), "0.750000");
  EXPECT_EQ(figures.baseline_pass_rate(), "0.750000");
  EXPECT_EQ(figures.lost(), 1u);
  EXPECT_EQ(figures.gained(), 1u);
  EXPECT_EQ(figures.p_value(), "0.750000");
  EXPECT_EQ(decision.verdict(), "PASS");
}

TEST(GateTest, RefusesBelowTheFloorWithEveryReason) {
  GateInput input = Input({{"a", "?"}, {"b", "?"}});
  input.policy.mutable_suites(0)->clear_regression();
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "FAIL-FLOOR");
  EXPECT_EQ(decision.action(), "reject");
  EXPECT_EQ(decision.claim_level(), "structural");
  EXPECT_EQ(Reasons(decision),
            Lines{"FAIL-FLOOR  pass_rate: 0.500000 / at least 0.75"});
}

TEST(GateTest, AFloorIsComparedExactly) {
  const Suite suite = MakeTestSuite("smoke", {"a", "b", "c"});
  GateInput input = Input();
  input.suites.clear();
  input.baselines = {TestEvidence(suite, "parent", {{"a", "?"}})};
  input.sidecars = {TestEvidence(suite, "candidate", {{"a", "?"}})};
  input.policy.mutable_suites(0)->set_min_pass_rate("0.666666");
  EXPECT_EQ(Judge(input).verdict(), "PASS");
  // 2/3 is written 0.666667 and is less than that.
  input.policy.mutable_suites(0)->set_min_pass_rate("0.666667");
  EXPECT_EQ(Judge(input).verdict(), "FAIL-FLOOR");
}

TEST(GateTest, RefusesARegressionAndNamesTheLostCases) {
  const Decision decision = Judge(Input({{"b", "?"}}));
  EXPECT_EQ(decision.verdict(), "FAIL-REGRESSION");
  EXPECT_EQ(decision.action(), "reject");
  EXPECT_EQ(Reasons(decision),
            (Lines{"FAIL-REGRESSION  pass_rate: 0.750000 (baseline 1.000000, p "
                   "0.500000) / a fall below 0.1, or p above 1",
                   "FAIL-REGRESSION b lost_case: ? / say b"}));
}

TEST(GateTest, AFallThatChanceExplainsIsNoRegression) {
  GateInput input = Input({{"b", "?"}});
  input.policy.mutable_suites(0)->mutable_regression()->set_max_p_value("0.05");
  EXPECT_EQ(Judge(input).verdict(), "PASS");
}

TEST(GateTest, AFallBelowThePracticalEffectIsNoRegression) {
  GateInput input = Input({{"b", "?"}});
  auto& regression = *input.policy.mutable_suites(0)->mutable_regression();
  regression.set_min_effect("0.250001");
  EXPECT_EQ(Judge(input).verdict(), "PASS");
  regression.set_min_effect("0.25");
  EXPECT_EQ(Judge(input).verdict(), "FAIL-REGRESSION");
}

TEST(GateTest, AnEqualScoreIsNoRegressionAtNoEffect) {
  GateInput input = Input();
  input.policy.mutable_suites(0)->mutable_regression()->set_min_effect("0");
  EXPECT_EQ(Judge(input).verdict(), "PASS");
}

// Cases a and b have the tag "digits", c has "words".
Suite Tagged() {
  Suite suite = Smoke();
  suite.cases[0].tags = {"digits"};
  suite.cases[1].tags = {"digits", "hardly"};
  suite.cases[2].tags = {"words"};
  return suite;
}

GateInput TaggedInput(const std::map<std::string, std::string>& answers,
                      const std::string& tag, const std::string& floor) {
  GateInput input = Input();
  input.policy.mutable_suites(0)->clear_regression();
  evaluator::TagPolicy* policy = input.policy.mutable_suites(0)->add_tags();
  policy->set_name(tag);
  policy->set_min_pass_rate(floor);
  input.sidecars = {TestEvidence(Tagged(), "candidate", answers)};
  input.baselines = {};
  input.suites = {Tagged()};
  return input;
}

TEST(GateTest, ATagHasAFloorOfItsOwn) {
  const Decision failed =
      Judge(TaggedInput({{"a", "wrong"}}, "digits", "0.75"));
  EXPECT_EQ(failed.verdict(), kFailFloor);
  EXPECT_THAT(Reasons(failed),
              testing::ElementsAre("FAIL-FLOOR  pass_rate of tag digits: "
                                   "0.500000 / at least 0.75"));
  const evaluator::TagResult& figures = failed.suites(0).tags(0);
  EXPECT_EQ(figures.tag(), "digits");
  EXPECT_EQ(figures.cases(), 2u);
  EXPECT_EQ(figures.passed(), 1u);
  EXPECT_EQ(Judge(TaggedInput({{"a", "wrong"}}, "digits", "0.5")).verdict(),
            kPass);
  EXPECT_EQ(Judge(TaggedInput({{"a", "wrong"}}, "words", "1")).verdict(),
            kPass);
}

TEST(GateTest, ATagWithoutACaseIsMissing) {
  const Decision decision = Judge(TaggedInput({}, "letters", "0"));
  EXPECT_EQ(decision.verdict(), kMissing);
  EXPECT_THAT(Reasons(decision),
              testing::ElementsAre(
                  "MISSING  pass_rate of tag letters: no case / at least 0"));
}

TEST(GateTest, ACaseWithOtherTagsIsNotComparable) {
  GateInput input = TaggedInput({}, "digits", "1");
  input.sidecars[0].record.mutable_cases(0)->clear_tags();
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), kNotComparable);
  EXPECT_THAT(Reasons(decision),
              testing::ElementsAre("NOT-COMPARABLE a tags:  / digits"));
}

TEST(GateTest, ACaseOfAnotherScorerIsNotComparable) {
  GateInput input = Input();
  input.sidecars[0].record.mutable_cases(0)->set_scorer("contains");
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), kNotComparable);
  EXPECT_THAT(Reasons(decision),
              testing::ElementsAre(
                  "NOT-COMPARABLE a scorer: contains / exact-match"));
}

TEST(GateTest, AHardCaseCannotBeBoughtByAScore) {
  GateInput input = Input({{"hard-1", "?"}});
  input.policy.mutable_suites(0)->clear_regression();
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "FAIL-HARD-CASE");
  EXPECT_EQ(Reasons(decision),
            Lines{"FAIL-HARD-CASE hard-1 hard_case: ? / say hard-1"});
}

TEST(GateTest, AnErrorIsShownForAnAnswer) {
  GateInput input = Input({{"hard-1", "!"}});
  input.policy.mutable_suites(0)->clear_regression();
  EXPECT_EQ(Reasons(Judge(input)),
            Lines{"FAIL-HARD-CASE hard-1 hard_case: error:ContextExceeded / "
                  "say hard-1"});
}

TEST(GateTest, ListsEveryReasonAndTakesTheGravest) {
  GateInput input =
      Input({{"a", "?"}, {"b", "?"}, {"c", "?"}, {"hard-1", "?"}});
  input.policy.mutable_resource_caps(0)->set_max(4095);
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "FAIL-HARD-CASE");
  std::map<std::string, int> counts;
  for (const Reason& reason : decision.reasons()) ++counts[reason.verdict()];
  EXPECT_EQ(counts, (std::map<std::string, int>{{"FAIL-HARD-CASE", 1},
                                                {"FAIL-FLOOR", 2},
                                                {"FAIL-REGRESSION", 5}}));
}

TEST(GateTest, ACapGatesACountedValue) {
  GateInput input = Input();
  input.policy.mutable_resource_caps(0)->set_max(4095);
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "FAIL-FLOOR");
  EXPECT_EQ(
      Reasons(decision),
      Lines{"FAIL-FLOOR  counted.peak_scratch_bytes: 4096 / at most 4095"});
}

TEST(GateTest, ACapOnAnUnknownValueIsMissing) {
  GateInput input = Input();
  input.policy.mutable_resource_caps(0)->set_counter("joules");
  EXPECT_EQ(Reasons(Judge(input)),
            Lines{"MISSING  counted.joules: no such value / at most 4096"});
}

TEST(GateTest, ARequiredSuiteWithoutEvidenceIsMissing) {
  GateInput input = Input();
  *input.policy.add_suites() = input.policy.suites(0);
  input.policy.mutable_suites(1)->set_name("safety");
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "MISSING");
  EXPECT_EQ(decision.action(), "no-op");
  EXPECT_EQ(Reasons(decision),
            Lines{"MISSING  sidecar: no sidecar / a sidecar"});
  EXPECT_EQ(decision.reasons(0).suite(), "safety");
}

TEST(GateTest, AMissingBaselineIsMissingOnlyWhenAskedFor) {
  GateInput input = Input();
  input.baselines.clear();
  EXPECT_EQ(Reasons(Judge(input)),
            Lines{"MISSING  baseline: no sidecar / a sidecar"});
  input.policy.mutable_suites(0)->clear_regression();
  EXPECT_EQ(Judge(input).verdict(), "PASS");
}

// Evidence on `suite` that says it is of another one.
Evidence MadeOutToBeOf(const Suite& other, const Suite& suite) {
  Evidence evidence = TestEvidence(suite, "candidate");
  evidence.record.mutable_suite()->set_digest(SuiteDigest(other).ToString());
  return evidence;
}

TEST(GateTest, AMissingCaseIsMissing) {
  GateInput input = Input();
  const Suite shorter = MakeTestSuite("smoke", {"a", "b", "hard-1"});
  input.sidecars = {MadeOutToBeOf(Smoke(), shorter)};
  input.baselines = {MadeOutToBeOf(Smoke(), shorter)};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "MISSING");
  EXPECT_EQ(Reasons(decision), Lines{"MISSING c case: no result / a result"});
}

TEST(GateTest, ASwappedSuiteIsNotComparable) {
  GateInput input = Input();
  input.suites = {MakeTestSuite("smoke", {"a", "b", "d"})};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "NOT-COMPARABLE");
  EXPECT_EQ(Reasons(decision),
            Lines{"NOT-COMPARABLE  suite_digest: " +
                  SuiteDigest(Smoke()).ToString() + " / " +
                  SuiteDigest(input.suites[0]).ToString()});
}

TEST(GateTest, AStrayCaseIsNotComparable) {
  GateInput input = Input();
  const Suite shorter = MakeTestSuite("smoke", {"a", "b", "hard-1"});
  input.suites = {shorter};
  input.sidecars = {MadeOutToBeOf(shorter, Smoke())};
  input.baselines = {MadeOutToBeOf(shorter, Smoke())};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "NOT-COMPARABLE");
  EXPECT_EQ(Reasons(decision),
            Lines{"NOT-COMPARABLE c case: a result / no such case"});
}

TEST(GateTest, EvidenceMayNotClaimMoreThanItsSourceBears) {
  GateInput input = Input();
  input.policy.set_claim_level("converted-trained");
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "MISSING");
  EXPECT_EQ(Reasons(decision),
            Lines{"MISSING  claim_level: runtime-smoke / converted-trained"});
}

TEST(GateTest, ASidecarOfAnotherAssemblyIsNotComparable) {
  GateInput input = Input();
  *input.policy.add_suites() = input.policy.suites(0);
  input.policy.mutable_suites(1)->set_name("other");
  const Suite other = MakeTestSuite("other", {"a"});
  input.sidecars.push_back(TestEvidence(other, "impostor"));
  input.baselines.push_back(TestEvidence(other, "parent"));
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "NOT-COMPARABLE");
  EXPECT_EQ(decision.action(), "no-op");
  ASSERT_EQ(decision.reasons_size(), 1);
  EXPECT_EQ(decision.reasons(0).check(), "assembly_digest");
  EXPECT_EQ(decision.reasons(0).suite(), "other");
}

TEST(GateTest, ADriftedBaselineIsNotComparable) {
  GateInput input = Input();
  const Suite drifted = MakeTestSuite("smoke", {"a", "b", "c", "hard-2"});
  input.baselines = {TestEvidence(drifted, "parent")};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "NOT-COMPARABLE");
  ASSERT_EQ(decision.reasons_size(), 1);
  EXPECT_EQ(decision.reasons(0).check(), "baseline.suite_digest");
  EXPECT_EQ(decision.suites(0).baseline_pass_rate(), "");
}

TEST(GateTest, ABaselineOfOtherNumericsIsNotComparable) {
  GateInput input = Input();
  input.baselines[0].record.set_numerics_version("v0");
  EXPECT_EQ(Reasons(Judge(input)),
            Lines{"NOT-COMPARABLE  baseline.numerics_version: v0 / v1"});
}

TEST(GateTest, APolicyMayBindASuiteByDigest) {
  GateInput input = Input();
  input.policy.mutable_suites(0)->set_digest(SuiteDigest(Smoke()).ToString());
  EXPECT_EQ(Judge(input).verdict(), "PASS");
  input.policy.mutable_suites(0)->set_digest(Sha256("other").ToString());
  EXPECT_EQ(Judge(input).verdict(), "NOT-COMPARABLE");
}

TEST(GateTest, EvidenceOfAnotherManifestIsNotComparable) {
  GateInput input = Input();
  input.manifest_digest = Sha256("other").ToString();
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "NOT-COMPARABLE");
  EXPECT_EQ(decision.reasons(0).check(), "manifest_digest");
}

TEST(GateTest, EvidenceOutsideThePolicyIsNotComparable) {
  GateInput input = Input();
  input.sidecars.push_back(
      TestEvidence(MakeTestSuite("stray", {"a"}), "candidate"));
  EXPECT_EQ(Reasons(Judge(input)),
            Lines{"NOT-COMPARABLE  sidecar: a sidecar / only suites of the "
                  "policy"});
}

void ExpectRefusal(const GateInput& input, const std::string& message) {
  const auto decision = Decide(input);
  EXPECT_EQ(decision.status(), absl::InvalidArgumentError(message));
}

TEST(GateTest, ACaseThatWasNotRunIsMissing) {
  GateInput input = Input();
  const auto evidence = ParseSidecar(RunTestSuite(
      Smoke(), "candidate", {}, {{"run", {{"max_forward_passes", 14}}}}));
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  input.sidecars = {*evidence};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "MISSING");
  EXPECT_EQ(decision.action(), "no-op");
  EXPECT_EQ(Reasons(decision)[0],
            "MISSING c case: not-run:limit / a result");
  EXPECT_EQ(Reasons(decision)[1],
            "MISSING hard-1 case: not-run:limit / a result");
}

TEST(GateTest, ABaselineWithCasesThatWereNotRunHidesNoRegression) {
  GateInput input = Input({{"a", "wrong"}});
  const auto evidence = ParseSidecar(RunTestSuite(
      Smoke(), "parent", {}, {{"run", {{"max_forward_passes", 21}}}}));
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  input.baselines = {*evidence};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "MISSING");
  EXPECT_EQ(Reasons(decision)[0],
            "MISSING hard-1 baseline.case: not-run:limit / a result");
}

TEST(GateTest, EvidenceWithoutTextsIsComparedByDigest) {
  GateInput input = Input();
  const Json omit = {{"run", {{"omit_texts", true}}}};
  input.sidecars = {*ParseSidecar(
      RunTestSuite(Smoke(), "candidate", {}, omit))};
  EXPECT_EQ(Judge(input).verdict(), "PASS");
  Suite other = Smoke();
  other.cases[0].expected = "another";
  input.sidecars = {*ParseSidecar(
      RunTestSuite(other, "candidate", {}, omit))};
  input.sidecars[0].record.mutable_suite()->set_digest(
      SuiteDigest(Smoke()).ToString());
  EXPECT_THAT(Reasons(Judge(input)),
              testing::Contains("NOT-COMPARABLE a expected_digest: " +
                                Sha256("another").ToString() + " / " +
                                Sha256("say a").ToString()));
}

// Evidence that `text` of the suite "smoke" takes these bits per byte.
Evidence WithBitsPerByte(Evidence evidence, const std::string& bits) {
  evidence.record.mutable_totals()->set_bits_per_byte(bits);
  return evidence;
}

TEST(GateTest, BitsPerByteHaveAFloorAndARegressionOfTheirOwn) {
  GateInput input = Input();
  input.policy.mutable_suites(0)->set_max_bits_per_byte("2.1");
  input.policy.mutable_suites(0)->mutable_regression()
      ->set_max_bits_per_byte_rise("0.05");
  const auto judge = [&](const std::string& now, const std::string& before) {
    input.sidecars[0] = WithBitsPerByte(input.sidecars[0], now);
    input.baselines[0] = WithBitsPerByte(input.baselines[0], before);
    return Reasons(Judge(input));
  };
  EXPECT_EQ(judge("2.100000", "2.050000"), Lines{});
  EXPECT_EQ(judge("2.100001", "2.100000"),
            Lines{"FAIL-FLOOR  bits_per_byte: 2.100001 / at most 2.1"});
  EXPECT_EQ(judge("2.050001", "2.000000"),
            Lines{"FAIL-REGRESSION  bits_per_byte: 2.050001 (baseline "
                  "2.000000) / a rise of at most 0.05"});
  EXPECT_EQ(judge("", "2.000000"),
            (Lines{"MISSING  bits_per_byte: no text / at most 2.1",
                   "MISSING  bits_per_byte: no text / a rise of at most "
                   "0.05"}));
}

Observed Observe(const Evidence& evidence, const std::string& machine,
                 const std::string& value) {
  Observed observed;
  observed.record.set_machine(machine);
  observed.record.set_suite(evidence.record.suite().name());
  observed.record.set_assembly_digest(evidence.record.assembly_digest());
  observed.record.set_sidecar_digest(evidence.digest);
  evaluator::Measure& measure = *observed.record.add_measures();
  measure.set_name("cases_per_second");
  measure.set_value(value);
  observed.digest = Sha256(machine + value).ToString();
  return observed;
}

TEST(GateTest, AnObservationCountsOnTheMachineThatThePolicyNames) {
  GateInput input = Input();
  evaluator::ObservationCap& cap = *input.policy.add_observation_caps();
  cap.set_machine("ci");
  cap.set_measure("cases_per_second");
  cap.set_min("100");
  cap.set_max("1000.5");
  const auto judge = [&](const std::string& machine, const std::string& value) {
    input.observations = {Observe(input.sidecars[0], machine, value)};
    return Reasons(Judge(input));
  };
  const std::string check = "observed.cases_per_second on ci: ";
  const std::string bounds = " / at least 100, at most 1000.5";
  EXPECT_EQ(judge("ci", "100.000000"), Lines{});
  EXPECT_EQ(judge("ci", "99.999999"),
            Lines{"FAIL-FLOOR  " + check + "99.999999" + bounds});
  EXPECT_EQ(judge("ci", "1000.500001"),
            Lines{"FAIL-FLOOR  " + check + "1000.500001" + bounds});
  EXPECT_EQ(judge("laptop", "1.000000"),
            Lines{"MISSING  " + check + "no observation" + bounds});
  input.observations.clear();
  EXPECT_EQ(Judge(input).verdict(), "MISSING");
}

TEST(GateTest, WithoutACapAnObservationOnlyStandsInTheRecord) {
  GateInput input = Input();
  input.observations = {Observe(input.sidecars[0], "laptop", "1.000000")};
  const Decision decision = Judge(input);
  EXPECT_EQ(decision.verdict(), "PASS");
  ASSERT_EQ(decision.observations_size(), 1);
  EXPECT_EQ(decision.observations(0).machine(), "laptop");
}

TEST(GateTest, AnObservationOfAnotherRunIsNotComparable) {
  GateInput input = Input();
  input.observations = {Observe(input.baselines[0], "ci", "1.000000")};
  EXPECT_EQ(Reasons(Judge(input)),
            Lines{"NOT-COMPARABLE  observation.sidecar_digest: " +
                  input.baselines[0].digest + " / a sidecar of the candidate"});
}

TEST(GateTest, RefusesAmbiguousEvidence) {
  GateInput input = Input();
  input.sidecars.push_back(input.sidecars[0]);
  ExpectRefusal(input, "Invalid evidence: two sidecars of suite \"smoke\"");
  input = Input();
  input.baselines.push_back(input.baselines[0]);
  ExpectRefusal(input, "Invalid evidence: two baselines of suite \"smoke\"");
  input = Input();
  input.suites.push_back(input.suites[0]);
  ExpectRefusal(input, "Invalid evidence: two documents of suite \"smoke\"");
  input = Input();
  input.sidecars.clear();
  ExpectRefusal(input, "Invalid evidence: no sidecar");
}

TEST(GateTest, KnowsItsVerdicts) {
  for (const auto verdict : {"PASS", "FAIL-FLOOR", "FAIL-REGRESSION",
                             "FAIL-HARD-CASE", "NOT-COMPARABLE", "MISSING"}) {
    EXPECT_TRUE(IsVerdict(verdict)) << verdict;
  }
  EXPECT_FALSE(IsVerdict("pass"));
  EXPECT_FALSE(IsVerdict(""));
}

}  // namespace
}  // namespace pedigree
