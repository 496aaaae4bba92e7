#include "runtime/evaluation/divergence.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

// Logits whose softmax is `shares`, moved by a constant, which changes nothing.
std::vector<float> Logits(const std::vector<double>& shares, double constant) {
  std::vector<float> logits;
  for (double share : shares) {
    logits.push_back(static_cast<float>(std::log(share) + constant));
  }
  return logits;
}

DivergenceMeter MeterOf(size_t vocab_size) {
  return DivergenceMeter(std::vector<bool>(vocab_size, false));
}

TEST(DivergenceMeterTest, EqualLogitsAreAtDistanceZero) {
  DivergenceMeter meter = MeterOf(3);
  meter.Add({1.5f, -2.0f, 0.25f}, {1.5f, -2.0f, 0.25f}, 1);
  const Divergence result = meter.Result();
  EXPECT_EQ(result.positions, 1);
  EXPECT_EQ(result.mean_kl, 0);
  EXPECT_EQ(result.kl_99th_percentile, 0);
  EXPECT_EQ(result.max_kl, 0);
  EXPECT_EQ(result.same_top_token, 1);
  EXPECT_EQ(result.max_logit_difference, 0);
  EXPECT_EQ(result.parent_perplexity, result.child_perplexity);
}

// P = (1/2, 1/4, 1/4), Q = (1/4, 1/4, 1/2):
// KL = 1/2 ln 2 + 0 - 1/4 ln 2 = 1/4 ln 2.
TEST(DivergenceMeterTest, MeasuresAsByHand) {
  DivergenceMeter meter = MeterOf(3);
  meter.Add(Logits({0.5, 0.25, 0.25}, 0), Logits({0.25, 0.25, 0.5}, 0), 0);
  const Divergence result = meter.Result();
  EXPECT_NEAR(result.mean_kl, 0.17328679514, 1e-7);
  EXPECT_NEAR(result.parent_perplexity, 2, 1e-6);
  EXPECT_NEAR(result.child_perplexity, 4, 1e-6);
  EXPECT_EQ(result.same_top_token, 0);
  EXPECT_NEAR(result.max_logit_difference, 0.69314718056, 1e-6);
}

// The other way round, with P = (3/4, 1/4) and Q = (1/4, 3/4) in one position
// and P = (9/10, 1/10), Q = (1/2, 1/2) in the next:
//   KL_1 = 1/2 ln 3             = 0.54930614
//   KL_2 = 9/10 ln 9/5 + 1/10 ln 1/5 = 0.36806421
TEST(DivergenceMeterTest, TellsMeanAndLargestOfPositions) {
  DivergenceMeter meter = MeterOf(2);
  meter.Add(Logits({0.75, 0.25}, 0), Logits({0.25, 0.75}, 0), 0);
  meter.Add(Logits({0.9, 0.1}, 0), Logits({0.5, 0.5}, 0), 1);
  const Divergence result = meter.Result();
  EXPECT_EQ(result.positions, 2);
  EXPECT_NEAR(result.mean_kl, 0.45868518, 1e-7);
  EXPECT_NEAR(result.max_kl, 0.54930614, 1e-7);
  // Geometric means of 4/3 and 10, and of 4 and 2.
  EXPECT_NEAR(result.parent_perplexity, std::sqrt(40.0 / 3), 1e-5);
  EXPECT_NEAR(result.child_perplexity, std::sqrt(8.0), 1e-5);
  // Of equals, the lowest id is on top: 0 and 0.
  EXPECT_EQ(result.same_top_token, 1);
}

TEST(DivergenceMeterTest, AConstantInTheLogitsIsNoDistance) {
  DivergenceMeter meter = MeterOf(3);
  meter.Add(Logits({0.5, 0.25, 0.25}, 80), Logits({0.5, 0.25, 0.25}, -80), 0);
  EXPECT_NEAR(meter.Result().mean_kl, 0, 1e-5);
  EXPECT_NEAR(meter.Result().child_perplexity, 2, 1e-4);
}

TEST(DivergenceMeterTest, ExcludedIdsTakeNoPart) {
  DivergenceMeter meter({true, false, false});
  meter.Add({90.0f, 1.0f, 1.0f}, {-90.0f, 1.0f, 1.0f}, 2);
  const Divergence result = meter.Result();
  EXPECT_EQ(result.mean_kl, 0);
  EXPECT_EQ(result.max_logit_difference, 0);
  EXPECT_EQ(result.same_top_token, 1);
  EXPECT_NEAR(result.parent_perplexity, 2, 1e-12);
}

// Of 200 positions, rank 198 is the 99th percentile: two may lie above it.
TEST(DivergenceMeterTest, The99thPercentileIsExceededByOneInAHundred) {
  DivergenceMeter meter = MeterOf(2);
  for (int i = 200; i > 0; --i) {
    const float apart = 0.01f * static_cast<float>(i);
    meter.Add({apart, 0}, {0, 0}, 0);
  }
  DivergenceMeter one = MeterOf(2);
  one.Add({1.98f, 0}, {0, 0}, 0);
  EXPECT_NEAR(meter.Result().kl_99th_percentile, one.Result().max_kl, 1e-7);
  EXPECT_EQ(one.Result().kl_99th_percentile, one.Result().max_kl);
}

TEST(DivergenceMeterTest, ImpossibleTokensAddNothing) {
  DivergenceMeter meter = MeterOf(2);
  meter.Add({0, -2000.0f}, {0, -3000.0f}, 0);
  const Divergence result = meter.Result();
  EXPECT_EQ(result.mean_kl, 0);
  EXPECT_EQ(result.child_perplexity, 1);
}

}  // namespace
}  // namespace pedigree
