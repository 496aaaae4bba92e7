#include "ci/scale/growth.h"

#include <functional>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;

Growth Grown(const std::function<double(double)>& cost) {
  Growth growth;
  for (int64_t size : {10, 100, 1000}) growth[size] = {cost(size)};
  return growth;
}

TEST(FasterThanLinearTest, AcceptsConstantsAndLines) {
  const GrowthLimit exact;
  EXPECT_EQ(FasterThanLinear(Grown([](double) { return 7; }), exact),
            std::nullopt);
  EXPECT_EQ(FasterThanLinear(Grown([](double n) { return 900 + 3 * n; }), exact),
            std::nullopt);
}

TEST(FasterThanLinearTest, AcceptsWhatFlattens) {
  EXPECT_EQ(FasterThanLinear({{10, {10}}, {100, {90}}, {1000, {300}}}, {}),
            std::nullopt);
}

TEST(FasterThanLinearTest, RefusesAQuadraticCost) {
  const auto fault =
      FasterThanLinear(Grown([](double n) { return 500 + n * n; }), {2, 500});
  ASSERT_TRUE(fault.has_value());
  EXPECT_THAT(*fault, HasSubstr("1000500 at 1000"));
  EXPECT_THAT(*fault, HasSubstr("10500 at 100"));
}

TEST(FasterThanLinearTest, RefusesAQuadraticPartLargerThanTheLinearOne) {
  const GrowthLimit twice{2, 0};
  const auto cost = [](double share) {
    return [share](double n) { return n + share * n * n / 1000; };
  };
  EXPECT_EQ(FasterThanLinear(Grown(cost(1.1)), twice), std::nullopt);
  EXPECT_NE(FasterThanLinear(Grown(cost(1.2)), twice), std::nullopt);
}

TEST(FasterThanLinearTest, RefusesAnEarlyBendToo) {
  EXPECT_NE(FasterThanLinear(
                {{1, {1}}, {2, {2}}, {3, {40}}, {4, {41}}, {5, {42}}}, {}),
            std::nullopt);
}

TEST(FasterThanLinearTest, RefusesAnyGrowthPastTheAllowanceAfterNone) {
  const Growth growth = {{10, {50}}, {100, {40}}, {1000, {60}}};
  EXPECT_EQ(FasterThanLinear(growth, {1, 20}), std::nullopt);
  EXPECT_NE(FasterThanLinear(growth, {1, 19}), std::nullopt);
}

TEST(FasterThanLinearTest, AllowsAShareOfTheSizeBefore) {
  // A large constant part, which was measured less at the second size.
  const Growth growth = {{10, {2100}}, {100, {2000}}, {1000, {2900}}};
  EXPECT_NE(FasterThanLinear(growth, {2, 0, 0.4}), std::nullopt);
  EXPECT_EQ(FasterThanLinear(growth, {2, 0, 0.5}), std::nullopt);
}

TEST(FasterThanLinearTest, RefusesAPowerOfOneAndAHalfWhateverTheShare) {
  const Growth growth = {{10, {32}}, {100, {1000}}, {1000, {31600}}};
  EXPECT_NE(FasterThanLinear(growth, {2, 500, 0.5}), std::nullopt);
}

TEST(FasterThanLinearTest, TakesTheRoundsThatSpeakForALine) {
  EXPECT_EQ(FasterThanLinear(
                {{10, {10, 40}}, {100, {70, 100}}, {1000, {990, 5000}}}, {}),
            std::nullopt);
}

TEST(FasterThanLinearTest, SeesNothingInTwoSizes) {
  EXPECT_EQ(FasterThanLinear({{10, {1}}, {100, {5000}}}, {}), std::nullopt);
}

TEST(MedianTest, IsTheMiddleOrTheLowerOfTwo) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2);
  EXPECT_EQ(Median({5}), 5);
}

}  // namespace
}  // namespace pedigree
