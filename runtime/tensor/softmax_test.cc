#include "runtime/tensor/softmax.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(SoftmaxTest, AgreesWithDoublePrecision) {
  std::vector<float> x;
  for (int i = 0; i < 100; ++i) {
    x.push_back(std::sin(static_cast<float>(i)) * 8);
  }
  double sum = 0;
  for (float value : x) sum += std::exp(static_cast<double>(value));
  std::vector<float> y = x;
  Softmax(absl::MakeSpan(y));
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(static_cast<double>(x[i])) / sum;
    EXPECT_NEAR(y[i] / exact, 1.0, 1e-5);
  }
}

TEST(SoftmaxTest, OneScoreTakesAll) {
  std::vector<float> x = {-7.25f};
  Softmax(absl::MakeSpan(x));
  EXPECT_EQ(x[0], 1.0f);
}

TEST(SoftmaxTest, LargeScoresDoNotOverflow) {
  std::vector<float> x = {3e38f, 3e38f, -3e38f};
  Softmax(absl::MakeSpan(x));
  EXPECT_EQ(x[0], 0.5f);
  EXPECT_EQ(x[1], 0.5f);
  EXPECT_EQ(x[2], 0.0f);
}

}  // namespace
}  // namespace pedigree
