#include "runtime/evaluation/statistics.h"

#include <cstdint>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(FormatMillionthsTest, WritesSixDigits) {
  EXPECT_EQ(FormatMillionths(0), "0.000000");
  EXPECT_EQ(FormatMillionths(7), "0.000007");
  EXPECT_EQ(FormatMillionths(666667), "0.666667");
  EXPECT_EQ(FormatMillionths(1000000), "1.000000");
  EXPECT_EQ(FormatMillionths(12000001), "12.000001");
}

TEST(FormatMillionthsTest, WritesASignWhereThereIsOne) {
  EXPECT_EQ(FormatSignedMillionths(0), "0.000000");
  EXPECT_EQ(FormatSignedMillionths(-7), "-0.000007");
  EXPECT_EQ(FormatSignedMillionths(-12000001), "-12.000001");
  EXPECT_EQ(FormatSignedMillionths(5), "0.000005");
}

TEST(ParseMillionthsTest, TakesDecimalsAndNothingElse) {
  EXPECT_EQ(ParseMillionths("0"), 0);
  EXPECT_EQ(ParseMillionths("1.25"), 1250000);
  EXPECT_EQ(ParseMillionths("999999999.999999"), 999999999999999);
  EXPECT_EQ(ParseMillionths("-1.5", /*may_be_negative=*/true), -1500000);
  for (const char* text : {"", ".", "1.", ".5", "-1", "+1", " 1", "1e3",
                           "1.2345678", "1000000000", "1.2.3", "0x1", "--1"}) {
    EXPECT_EQ(ParseMillionths(text), std::nullopt) << text;
  }
}

TEST(RoundHalfEvenTest, RoundsBothSigns) {
  EXPECT_EQ(RoundHalfEven(0.5), 0);
  EXPECT_EQ(RoundHalfEven(1.5), 2);
  EXPECT_EQ(RoundHalfEven(2.5), 2);
  EXPECT_EQ(RoundHalfEven(2.500001), 3);
  EXPECT_EQ(RoundHalfEven(-0.5), 0);
  EXPECT_EQ(RoundHalfEven(-1.5), -2);
  EXPECT_EQ(RoundHalfEven(-2.500001), -3);
  EXPECT_EQ(RoundHalfEven(1e18), 1000000000000000000);
}

TEST(PassRateTest, RoundsToSixDigits) {
  EXPECT_EQ(PassRate(0, 3), "0.000000");
  EXPECT_EQ(PassRate(1, 3), "0.333333");
  EXPECT_EQ(PassRate(2, 3), "0.666667");
  EXPECT_EQ(PassRate(3, 3), "1.000000");
}

TEST(PassRateTest, RoundsHalfToEven) {
  // 1/128 = 0.0078125 and 3/128 = 0.0234375, both halfway at the sixth digit.
  EXPECT_EQ(PassRate(1, 128), "0.007812");
  EXPECT_EQ(PassRate(3, 128), "0.023438");
}

struct WilsonVector {
  uint64_t passed;
  uint64_t cases;
  std::string lower;
  std::string upper;
};

class WilsonIntervalTest : public testing::TestWithParam<WilsonVector> {};

TEST_P(WilsonIntervalTest, EqualsTheExactValue) {
  const WilsonVector& vector = GetParam();
  const Interval interval = WilsonInterval(vector.passed, vector.cases);
  EXPECT_EQ(interval.lower, vector.lower);
  EXPECT_EQ(interval.upper, vector.upper);
}

// The first four are the examples of Newcombe 1998, "Two-sided confidence
// intervals for the single proportion", table I, method 3 (printed there with
// four digits); all were computed with 50 decimal digits.
INSTANTIATE_TEST_SUITE_P(
    Vectors, WilsonIntervalTest,
    testing::Values(WilsonVector{81, 263, "0.255289", "0.366210"},
                    WilsonVector{15, 148, "0.062386", "0.160487"},
                    WilsonVector{0, 20, "0.000000", "0.161125"},
                    WilsonVector{1, 29, "0.006113", "0.171755"},
                    WilsonVector{0, 1, "0.000000", "0.793451"},
                    WilsonVector{1, 1, "0.206549", "1.000000"},
                    WilsonVector{5, 8, "0.305742", "0.863156"},
                    WilsonVector{29, 29, "0.883030", "1.000000"},
                    WilsonVector{50000, 100000, "0.496901", "0.503099"}));

}  // namespace
}  // namespace pedigree
