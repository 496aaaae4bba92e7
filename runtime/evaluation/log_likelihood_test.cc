#include "runtime/evaluation/log_likelihood.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(LogLikelihoodTest, IsTheLogarithmOfTheSoftmax) {
  const std::vector<float> logits = {1.0f, -2.5f, 0.25f, 3.0f};
  const std::vector<bool> none(4);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  for (uint32_t id = 0; id < 4; ++id) {
    EXPECT_NEAR(LogProbability(logits, none, id), logits[id] - std::log(total),
                1e-15);
  }
}

TEST(LogLikelihoodTest, ExcludedIdsTakeNoPart) {
  const std::vector<float> logits = {1.0f, 50.0f, 1.0f};
  EXPECT_NEAR(LogProbability(logits, {false, true, false}, 0), -std::log(2.0),
              1e-15);
  EXPECT_EQ(LogProbability(logits, {true, true, false}, 2), 0.0);
}

TEST(LogLikelihoodTest, HoldsAtTheEndsOfTheRange) {
  const std::vector<float> logits = {3e38f, -3e38f};
  EXPECT_EQ(LogProbability(logits, {false, false}, 0), 0.0);
  EXPECT_EQ(RoundLogLikelihood(LogProbability(logits, {false, false}, 1)),
            std::nullopt);
}

TEST(LogLikelihoodTest, RoundsHalfToEven) {
  EXPECT_EQ(RoundLogLikelihood(-1.5e-6), -2);
  EXPECT_EQ(RoundLogLikelihood(-2.5e-6), -2);
  EXPECT_EQ(RoundLogLikelihood(-2.6e-6), -3);
  EXPECT_EQ(RoundLogLikelihood(0.0), 0);
  EXPECT_EQ(RoundLogLikelihood(-1e7), kLeastLogLikelihood);
  EXPECT_EQ(RoundLogLikelihood(-1.1e7), std::nullopt);
}

Likelihood Text(int64_t log_likelihood, uint64_t bytes) {
  Likelihood likelihood;
  likelihood.log_likelihood = log_likelihood;
  likelihood.bytes = bytes;
  return likelihood;
}

TEST(LogLikelihoodTest, TheLikeliestIsTheFirstOfTheLargest) {
  EXPECT_EQ(Likeliest({{Text(-5, 1), Text(-3, 1), Text(-3, 9)}}, false), 1u);
  // Per byte -5, -1.5 and -1.5: equal fractions of unequal numbers.
  EXPECT_EQ(Likeliest({{Text(-5, 1), Text(-3, 2), Text(-9, 6)}}, true), 1u);
  EXPECT_EQ(Likeliest({{Text(-5, 1), Text(-3, 2), Text(-8, 6)}}, true), 2u);
  // As far as numbers go.
  EXPECT_EQ(Likeliest({{Text(kLeastLogLikelihood, 65535),
                        Text(kLeastLogLikelihood, 65536)}},
                      true),
            1u);
}

TEST(LogLikelihoodTest, BitsPerByteByHand) {
  // ln 2 nats are one bit.
  EXPECT_EQ(BitsPerByte(-693147, 1), 1000000u);
  EXPECT_EQ(BitsPerByte(-693147, 4), 250000u);
  EXPECT_EQ(BitsPerByte(0, 7), 0u);
  // 10 nats over 3 bytes: 10 / ln 2 / 3 = 4.808983...
  EXPECT_EQ(BitsPerByte(-10000000, 3), 4808983u);
}

}  // namespace
}  // namespace pedigree
