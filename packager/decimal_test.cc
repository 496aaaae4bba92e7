#include "packager/decimal.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(DecimalTest, WritesTheShortestTextThatReadsBack) {
  EXPECT_EQ(FormatDecimal(10000.0f), "10000");
  EXPECT_EQ(FormatDecimal(1e-5f), "1e-05");
  EXPECT_EQ(FormatDecimal(0.1f), "0.1");
  EXPECT_EQ(FormatDecimal(-0.5f), "-0.5");
  for (float value : {0.1f, 1e-5f, 3.4028235e38f, 1.17549435e-38f}) {
    EXPECT_EQ(*ParseDecimal(FormatDecimal(value), "value"), value);
  }
}

TEST(DecimalTest, RoundsToNearest) {
  EXPECT_EQ(*ParseDecimal("16777217", "value"), 16777216.0f);
  EXPECT_EQ(*ParseDecimal("0.1", "value"), 0.1f);
}

class DecimalRefusalTest : public testing::TestWithParam<std::string> {};

TEST_P(DecimalRefusalTest, RefusesOtherText) {
  const absl::Status status = ParseDecimal(GetParam(), "scale").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "Invalid scale: \"" + GetParam() +
                "\" (expected a decimal number in binary32's range)");
}

INSTANTIATE_TEST_SUITE_P(Texts, DecimalRefusalTest,
                         testing::Values("", "1,5", " 1", "1 ", "inf", "nan",
                                         "1e39", "1e-60", "0x10", "one"));

}  // namespace
}  // namespace pedigree
