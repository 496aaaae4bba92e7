#include "evaluator/calibration.h"

#include <string>
#include <utility>

#include "evaluator/records.pb.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

// A case of two choices, "right" and "wrong", with these nats.
void AddCase(const std::string& scorer, const std::string& right,
             const std::string& wrong, bool passed,
             evaluator::Sidecar& sidecar) {
  evaluator::CaseResult& result = *sidecar.add_cases();
  result.set_scorer(scorer);
  result.set_stop_reason("scored");
  result.set_expected_digest("right");
  result.set_actual_digest(passed ? "right" : "wrong");
  result.set_passed(passed);
  for (const auto& [digest, nats] :
       {std::pair("right", right), std::pair("wrong", wrong)}) {
    evaluator::Likelihood& text = *result.add_likelihoods();
    text.set_text_digest(digest);
    text.set_bytes(2);
    text.set_log_likelihood(nats);
  }
}

TEST(CalibrationTest, ByHand) {
  evaluator::Sidecar sidecar;
  // exp(-ln 4) : 1 = 1 : 4, so P(right) is 0.8 and 0.2.
  AddCase("choice", "0.000000", "-1.386294", true, sidecar);
  AddCase("choice", "-1.386294", "0.000000", false, sidecar);
  const Calibration calibration = MeasureCalibration(sidecar);
  EXPECT_EQ(calibration.cases, 2u);
  // (0.2^2 + 0.2^2 + 0.8^2 + 0.8^2) / 2
  EXPECT_NEAR(calibration.brier_score, 680000, 1);
  // Both chosen with 0.8, half of them right: |1 - 1.6| / 2.
  EXPECT_NEAR(calibration.error, 300000, 1);
}

TEST(CalibrationTest, NormalizedIsPerByte) {
  evaluator::Sidecar sidecar;
  AddCase("choice-normalized", "0.000000", "-2.772589", true, sidecar);
  EXPECT_NEAR(MeasureCalibration(sidecar).brier_score, 80000, 1);
  EXPECT_NEAR(MeasureCalibration(sidecar).error, 200000, 1);
}

TEST(CalibrationTest, OtherCasesTakeNoPart) {
  evaluator::Sidecar sidecar;
  AddCase("choice", "0.000000", "-1.000000", true, sidecar);
  const Calibration one = MeasureCalibration(sidecar);
  sidecar.add_cases()->set_scorer("exact-match");
  sidecar.add_cases()->set_scorer("choice");
  sidecar.mutable_cases(2)->set_stop_reason("error:ContextExceeded");
  const Calibration same = MeasureCalibration(sidecar);
  EXPECT_EQ(same.cases, 1u);
  EXPECT_EQ(same.brier_score, one.brier_score);
  EXPECT_EQ(same.error, one.error);
  EXPECT_EQ(MeasureCalibration({}).cases, 0u);
}

}  // namespace
}  // namespace pedigree
