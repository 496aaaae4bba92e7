#include "runtime/base/float_text.h"

#include <limits>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(FloatTextTest, IsTheShortestThatReadsBack) {
  EXPECT_EQ(FloatText(0.7f), "0.7");
  EXPECT_EQ(FloatText(1.0f), "1");
  EXPECT_EQ(FloatText(-0.1f), "-0.1");
  EXPECT_EQ(FloatText(1e-5f), "1e-05");
  EXPECT_EQ(FloatText(16777216.0f), "16777216");
  EXPECT_EQ(FloatText(std::numeric_limits<float>::max()), "3.4028235e+38");
}

TEST(FloatTextTest, NamesWhatIsNoNumber) {
  EXPECT_EQ(FloatText(std::numeric_limits<float>::infinity()), "inf");
  EXPECT_EQ(FloatText(std::numeric_limits<float>::quiet_NaN()), "nan");
  EXPECT_EQ(FloatText(-std::numeric_limits<float>::infinity()), "-inf");
  EXPECT_EQ(FloatText(-std::numeric_limits<float>::quiet_NaN()), "nan");
}

}  // namespace
}  // namespace pedigree
