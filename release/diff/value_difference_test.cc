#include "release/diff/value_difference.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

ValueDifference Compare(const std::vector<float>& a,
                        const std::vector<float>& b) {
  ValueDifference difference;
  AddValues(a, b, difference);
  return difference;
}

TEST(ValueDifferenceTest, EqualValuesHaveNone) {
  const ValueDifference difference = Compare({1, 2}, {1, 2});
  EXPECT_EQ(difference.values, 2u);
  EXPECT_EQ(difference.differing, 0u);
}

TEST(ValueDifferenceTest, NamesTheFirstAndTheLargest) {
  const ValueDifference difference = Compare({1, 2, 3, 4}, {1, 2.5f, 1, 6});
  EXPECT_EQ(difference.differing, 3u);
  EXPECT_EQ(difference.first.index, 1u);
  EXPECT_EQ(difference.first.b, 2.5f);
  // The first of two equal changes.
  EXPECT_EQ(difference.largest.index, 2u);
  EXPECT_EQ(difference.largest_change, 2);
}

TEST(ValueDifferenceTest, IndicesGoOnFromPieceToPiece) {
  ValueDifference difference = Compare({1, 2}, {1, 2});
  const std::vector<float> a = {1, 2};
  const std::vector<float> b = {1, 3};
  AddValues(a, b, difference);
  EXPECT_EQ(difference.values, 4u);
  EXPECT_EQ(difference.first.index, 3u);
}

TEST(ValueDifferenceTest, ZerosOfBothSignsDiffer) {
  const ValueDifference difference = Compare({0.0f}, {-0.0f});
  EXPECT_EQ(difference.differing, 1u);
  EXPECT_EQ(difference.largest_change, 0);
}

TEST(ValueDifferenceTest, WhatIsNoNumberIsTheLargestChange) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ValueDifference difference = Compare({1, 1, 1}, {2, nan, 9});
  EXPECT_EQ(difference.largest.index, 1u);
  EXPECT_TRUE(std::isnan(difference.largest_change));
}

}  // namespace
}  // namespace pedigree
