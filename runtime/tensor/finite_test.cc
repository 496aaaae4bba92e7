#include "runtime/tensor/finite.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(FiniteTest, TellsNumbersFromTheRest) {
  EXPECT_TRUE(IsFinite(0.0f));
  EXPECT_TRUE(IsFinite(-std::numeric_limits<float>::max()));
  EXPECT_TRUE(IsFinite(std::numeric_limits<float>::denorm_min()));
  EXPECT_FALSE(IsFinite(std::numeric_limits<float>::infinity()));
  EXPECT_FALSE(IsFinite(-std::numeric_limits<float>::infinity()));
  EXPECT_FALSE(IsFinite(std::numeric_limits<float>::quiet_NaN()));
}

TEST(FiniteTest, OneBadValueAnywhereIsFound) {
  std::vector<float> values(37, 1.0f);
  EXPECT_TRUE(AllFinite(values));
  for (float& value : values) {
    value = std::numeric_limits<float>::quiet_NaN();
    EXPECT_FALSE(AllFinite(values));
    value = 1.0f;
  }
  EXPECT_TRUE(AllFinite({}));
}

}  // namespace
}  // namespace pedigree
