#include "runtime/tensor/rms_norm.h"

#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

TEST(RmsNormTest, DividesByTheRootMeanSquare) {
  const std::vector<float> x = {3.0f, -3.0f, 3.0f, 3.0f};
  const std::vector<float> weight = {1.0f, 2.0f, -1.0f, 0.5f};
  std::vector<float> out(4);
  ASSERT_TRUE(RmsNorm(x, weight, 7.0f, absl::MakeSpan(out)));
  // sqrt(9 + 7) = 4.
  EXPECT_THAT(out, ElementsAre(0.75f, -1.5f, -0.75f, 0.375f));
}

TEST(RmsNormTest, MayWorkInPlace) {
  std::vector<float> x = {2.0f, 2.0f};
  const std::vector<float> weight = {1.0f, 3.0f};
  ASSERT_TRUE(RmsNorm(x, weight, 12.0f, absl::MakeSpan(x)));
  EXPECT_THAT(x, ElementsAre(0.5f, 1.5f));
}

TEST(RmsNormTest, SaysWhenTheMeanSquareIsNotFinite) {
  const std::vector<float> x = {1e20f, 1.0f};
  const std::vector<float> weight = {1.0f, 1.0f};
  std::vector<float> out(2);
  EXPECT_FALSE(RmsNorm(x, weight, 1e-5f, absl::MakeSpan(out)));
}

}  // namespace
}  // namespace pedigree
