#include "evaluator/report.h"

#include <map>
#include <string>

#include "evaluator/gate.h"
#include "evaluator/policy.h"
#include "evaluator/sidecar.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

GateInput Input(const std::map<std::string, std::string>& answers) {
  const Suite suite = MakeTestSuite("smoke", {"a", "b", "hard-1"});
  GateInput input;
  input.policy = *ParsePolicy(R"(
    schema_version: "pedigree.gate_policy.v1" name: "test" version: "1"
    claim_level: "runtime-smoke"
    suites { name: "smoke" min_pass_rate: "0.9" }
  )");
  input.sidecars = {TestEvidence(suite, "candidate", answers)};
  input.baselines = {TestEvidence(suite, "parent")};
  return input;
}

std::string Report(const GateInput& input) {
  const auto decision = Decide(input);
  EXPECT_TRUE(decision.ok()) << decision.status();
  return DecisionReport(*decision, input.sidecars, input.baselines);
}

// `report` without its second and third line, which hold digests.
std::string WithoutDigests(const std::string& report) {
  const size_t first = report.find('\n') + 1;
  const size_t third = report.find('\n', report.find('\n', first) + 1) + 1;
  return report.substr(0, first) + report.substr(third);
}

TEST(ReportTest, ShowsFiguresReasonsAndCases) {
  EXPECT_EQ(
      WithoutDigests(Report(Input({{"a", "line\nbreak"}, {"hard-1", "!"}}))),
      R"(verdict FAIL-HARD-CASE, action reject, claim structural
suites
  suite  passed  pass_rate  floor  baseline  lost  gained  p_value
  smoke  1/3     0.333333   0.9    1.000000  2     0       0.250000
reasons
  verdict         suite  case    check      found                    required
  FAIL-HARD-CASE  smoke  hard-1  hard_case  "error:ContextExceeded"  "say hard-1"
  FAIL-FLOOR      smoke  -       pass_rate  0.333333                 at least 0.9
cases of smoke (1 more pass, unchanged)
  case           expected      got                    baseline      verdict
  a              "say a"       "line\nbreak"          "say a"       FAILED
  hard-1 (hard)  "say hard-1"  error:ContextExceeded  "say hard-1"  FAILED
)");
}

TEST(ReportTest, APassHasNoReasons) {
  EXPECT_EQ(WithoutDigests(Report(Input({}))),
            R"(verdict PASS, action promote, claim runtime-smoke
suites
  suite  passed  pass_rate  floor  baseline  lost  gained  p_value
  smoke  3/3     1.000000   0.9    1.000000  0     0       1.000000
cases of smoke (3 more pass, unchanged)
)");
}

TEST(ReportTest, CutsLongAnswersAtACharacter) {
  std::string answer(58, 'x');
  answer += "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9";
  const std::string report = Report(Input({{"a", answer}}));
  EXPECT_NE(report.find("\"" + std::string(58, 'x') + "\xC3\xA9..."),
            std::string::npos)
      << report;
}

TEST(ReportTest, WithoutEvidenceThereIsNoCaseTable) {
  const GateInput input = Input({{"a", "?"}});
  const auto decision = Decide(input);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(DecisionReport(*decision, {}, {}).find("cases of"),
            std::string::npos);
}

}  // namespace
}  // namespace pedigree
