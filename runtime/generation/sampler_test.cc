#include "runtime/generation/sampler.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/kernels/kernels.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<bool> None(size_t size) { return std::vector<bool>(size); }

std::vector<uint32_t> Tokens(const std::vector<Candidate>& candidates) {
  std::vector<uint32_t> tokens;
  for (const Candidate& candidate : candidates) {
    tokens.push_back(candidate.token);
  }
  return tokens;
}

SamplingConfig Config(float temperature, uint32_t top_k, float top_p = 1,
                      uint64_t seed = 1) {
  return {temperature, top_k, top_p, seed};
}

// How often each token comes in `draws`.
std::map<uint32_t, int> Draw(const SamplingConfig& config,
                             const std::vector<float>& logits, int draws) {
  Sampler sampler(config, None(logits.size()), BestKernels());
  std::map<uint32_t, int> counts;
  for (int i = 0; i < draws; ++i) ++counts[*sampler.Sample(logits)];
  return counts;
}

TEST(ValidateSamplingTest, TakesTheDefaultsAndTheEnds) {
  EXPECT_TRUE(ValidateSampling({}).ok());
  EXPECT_TRUE(ValidateSampling(Config(0, 1)).ok());
  EXPECT_TRUE(ValidateSampling(Config(1e30f, 1024, 1e-9f, 0)).ok());
}

TEST(ValidateSamplingTest, RefusesEachSettingOutOfRange) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const struct {
    SamplingConfig config;
    const char* message;
  } kCases[] = {
      {Config(-1, 1), "temperature is -1 (expected finite and at least 0)"},
      {Config(kNan, 1), "temperature is nan"},
      {Config(kInfinity, 1), "temperature is inf"},
      {Config(0, 0), "top_k is 0 (expected 1..1024)"},
      {Config(0, 1025), "top_k is 1025"},
      {Config(0, 1, 0), "top_p is 0 (expected above 0 and at most 1)"},
      {Config(0, 1, 1.5f), "top_p is 1.5"},
      {Config(0, 1, kNan), "top_p is nan"},
  };
  for (const auto& test : kCases) {
    const absl::Status status = ValidateSampling(test.config);
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
    EXPECT_THAT(std::string(status.message()), HasSubstr(test.message));
  }
}

TEST(TopCandidatesTest, BestFirstAndTiesByLowestId) {
  const std::vector<float> logits = {1, 5, 3, 5, -2, 3};
  EXPECT_THAT(Tokens(TopCandidates(logits, None(6), 4)),
              ElementsAre(1, 3, 2, 5));
  EXPECT_THAT(Tokens(TopCandidates(logits, None(6), 1)), ElementsAre(1));
  EXPECT_THAT(Tokens(TopCandidates(logits, None(6), 1024)),
              ElementsAre(1, 3, 2, 5, 0, 4));
}

TEST(TopCandidatesTest, ExcludedIdsTakeNoPart) {
  const std::vector<float> logits = {1, 5, 3};
  EXPECT_THAT(Tokens(TopCandidates(logits, {false, true, false}, 3)),
              ElementsAre(2, 0));
}

TEST(SamplerTest, TheDefaultIsGreedyWithTiesToTheLowestId) {
  Sampler sampler({}, None(4), BestKernels());
  const std::vector<float> logits = {1, 7, 7, 2};
  EXPECT_EQ(*sampler.Sample(logits), 1u);
}

TEST(SamplerTest, GreedyNeverChoosesAnExcludedId) {
  Sampler sampler({}, {false, true, false}, BestKernels());
  const std::vector<float> logits = {1, 7, 2};
  EXPECT_EQ(*sampler.Sample(logits), 2u);
}

TEST(SamplerTest, FailsWhenEveryIdIsExcluded) {
  Sampler sampler({}, {true, true}, BestKernels());
  const std::vector<float> logits = {1, 7};
  const absl::Status status = sampler.Sample(logits).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kGenerationFailed);
  EXPECT_EQ(status.message(), "No token can be chosen: all 2 ids are excluded");
}

TEST(SamplerTest, DrawsInProportion) {
  // Masses 4 : 2 : 1 : 1 at temperature 1.
  const float ln2 = 0.6931472f;
  const std::vector<float> logits = {0, 2 * ln2, ln2, 0};
  auto counts = Draw(Config(1, 4), logits, 80000);
  EXPECT_NEAR(counts[1], 40000, 800);
  EXPECT_NEAR(counts[2], 20000, 800);
  EXPECT_NEAR(counts[0], 10000, 800);
  EXPECT_NEAR(counts[3], 10000, 800);
}

TEST(SamplerTest, TemperatureFlattens) {
  const float ln2 = 0.6931472f;
  const std::vector<float> logits = {0, 2 * ln2};
  // 4 : 1 at 1 becomes 2 : 1 at 2.
  EXPECT_NEAR(Draw(Config(2, 2), logits, 60000)[1], 40000, 800);
}

TEST(SamplerTest, TopKKeepsTheBest) {
  const std::vector<float> logits = {0, 3, 1, 2};
  const auto counts = Draw(Config(5, 2), logits, 1000);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.count(1), 1u);
  EXPECT_EQ(counts.count(3), 1u);
}

TEST(SamplerTest, TopPKeepsTheFewestThatPassTheShare) {
  const float ln2 = 0.6931472f;
  const std::vector<float> logits = {0, 2 * ln2, ln2, 0};  // 4 : 2 : 1 : 1
  EXPECT_EQ(Draw(Config(1, 4, 0.4f), logits, 1000).size(), 1u);
  EXPECT_EQ(Draw(Config(1, 4, 0.6f), logits, 1000).size(), 2u);
  EXPECT_EQ(Draw(Config(1, 4, 0.8f), logits, 1000).size(), 3u);
  EXPECT_EQ(Draw(Config(1, 4, 0.95f), logits, 1000).size(), 4u);
}

TEST(SamplerTest, EqualSeedsDrawEqualTokens) {
  const std::vector<float> logits(50, 0.0f);
  Sampler first(Config(1, 50, 1, 9), None(50), BestKernels());
  Sampler second(Config(1, 50, 1, 9), None(50), BestKernels());
  Sampler other(Config(1, 50, 1, 10), None(50), BestKernels());
  int differences = 0;
  for (int i = 0; i < 100; ++i) {
    const uint32_t token = *first.Sample(logits);
    EXPECT_EQ(token, *second.Sample(logits));
    differences += token != *other.Sample(logits);
  }
  EXPECT_GT(differences, 50);
}

TEST(SamplerTest, AnExtremeTemperatureIsStillATokenOfTheBest) {
  const std::vector<float> logits = {3e38f, -3e38f, 0};
  EXPECT_EQ(Draw(Config(1e-30f, 3), logits, 10)[0], 10);
  EXPECT_EQ(Draw(Config(1e-45f, 3), logits, 10)[0], 10);
}

}  // namespace
}  // namespace pedigree
