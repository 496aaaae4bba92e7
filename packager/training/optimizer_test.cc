#include "packager/training/optimizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// The textbook's AdamW in binary64, for one value.
struct DoubleAdam {
  double m = 0, v = 0, w = 0;
  void Step(double g, int t, double rate, const OptimizerSettings& s,
            bool decays) {
    m = s.beta1 * m + (1 - s.beta1) * g;
    v = s.beta2 * v + (1 - s.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(s.beta1, t));
    const double v_hat = v / (1 - std::pow(s.beta2, t));
    if (decays) w -= rate * s.weight_decay * w;
    w -= rate * m_hat / (std::sqrt(v_hat) + s.epsilon);
  }
};

TEST(LearningRateTest, RisesAndFalls) {
  Schedule schedule;
  schedule.peak = 0.5f;
  schedule.last = 0.125f;
  schedule.warmup_steps = 4;
  schedule.steps = 10;
  EXPECT_EQ(LearningRate(schedule, 1), 0.125);
  EXPECT_EQ(LearningRate(schedule, 4), 0.5);
  EXPECT_NEAR(LearningRate(schedule, 7), 0.3125, 1e-15);
  EXPECT_EQ(LearningRate(schedule, 10), 0.125);
}

TEST(LearningRateTest, NeedsNoWarmUp) {
  Schedule schedule;
  schedule.peak = 1;
  schedule.steps = 2;
  EXPECT_NEAR(LearningRate(schedule, 1), 0.5, 1e-15);
  EXPECT_EQ(LearningRate(schedule, 2), 0);
}

class AdamWTest : public testing::Test {
 protected:
  // Two parameters, of more than one chunk and of less.
  void Reset() {
    weights_ = {RandomValues(1, 5000, 1), RandomValues(2, 10, 1)};
    gradients_ = {RandomValues(3, 5000, 1), RandomValues(4, 10, 1)};
  }
  std::vector<Parameter> List() {
    return {{absl::MakeSpan(weights_[0]), gradients_[0], true},
            {absl::MakeSpan(weights_[1]), gradients_[1], false}};
  }

  std::vector<Floats> weights_;
  std::vector<Floats> gradients_;
};

TEST_F(AdamWTest, StepsAreThoseOfBinary64) {
  Reset();
  OptimizerSettings settings;
  settings.weight_decay = 0.1f;
  std::vector<DoubleAdam> expected[2];
  for (int p = 0; p < 2; ++p) {
    for (const float w : weights_[p]) expected[p].push_back({0, 0, w});
  }
  ThreadPool pool(2);
  AdamW optimizer(List(), settings, &pool, BestTarget());
  for (int t = 1; t <= 5; ++t) {
    const double rate = 0.01 * t;
    for (int p = 0; p < 2; ++p) {
      const Floats next = RandomValues(10 * t + p, gradients_[p].size(), 1);
      std::copy(next.begin(), next.end(), gradients_[p].begin());
      for (size_t i = 0; i < weights_[p].size(); ++i) {
        expected[p][i].Step(gradients_[p][i], t, rate, settings, p == 0);
      }
    }
    optimizer.Step(rate);
  }
  for (int p = 0; p < 2; ++p) {
    for (size_t i = 0; i < weights_[p].size(); ++i) {
      ASSERT_NEAR(weights_[p][i], expected[p][i].w, 3e-6) << p << " " << i;
    }
  }
}

TEST_F(AdamWTest, ClippingScalesAllGradientsAlike) {
  Reset();
  OptimizerSettings settings;
  // So large that steps follow gradients, not only their signs.
  settings.epsilon = 100;
  ThreadPool pool(1);
  const std::vector<Floats> before = weights_;
  AdamW free(List(), settings, &pool, BestTarget());
  double sum = 0;
  for (const Floats& gradient : gradients_) {
    for (const float g : gradient) sum += static_cast<double>(g) * g;
  }
  const double norm = free.Step(1);
  EXPECT_NEAR(norm, std::sqrt(sum), 1e-5 * norm);
  const float moved = weights_[0][7] - before[0][7];
  weights_ = before;
  settings.clip_norm = static_cast<float>(norm / 2);
  AdamW clipped(List(), settings, &pool, BestTarget());
  EXPECT_EQ(clipped.Step(1), norm);
  EXPECT_NEAR(weights_[0][7] - before[0][7], moved / 2,
              0.02 * std::fabs(moved));
}

TEST_F(AdamWTest, NeitherThreadsNorTargetChangeABit) {
  std::vector<Floats> expected;
  for (const Target target : SupportedTargets()) {
    for (const int threads : {1, 2, 3}) {
      Reset();
      OptimizerSettings settings;
      settings.clip_norm = 1;
      settings.weight_decay = 0.1f;
      ThreadPool pool(threads);
      AdamW optimizer(List(), settings, &pool, target);
      for (int t = 0; t < 3; ++t) optimizer.Step(0.01);
      if (expected.empty()) expected = weights_;
      EXPECT_EQ(weights_, expected) << TargetName(target);
    }
  }
}

TEST_F(AdamWTest, MovesNothingByAGradientThatIsNotFinite) {
  Reset();
  gradients_[1][3] = std::numeric_limits<float>::infinity();
  const std::vector<Floats> before = weights_;
  ThreadPool pool(1);
  AdamW optimizer(List(), {}, &pool, BestTarget());
  EXPECT_FALSE(std::isfinite(optimizer.Step(0.01)));
  EXPECT_EQ(weights_, before);
}

}  // namespace
}  // namespace pedigree
