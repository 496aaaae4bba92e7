#include "runtime/tensor/half.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

// The definition of the format: sign, five bits of exponent, ten of fraction.
double ValueOf(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const double magnitude = exponent == 0
                               ? std::ldexp(fraction, -24)
                               : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

bool IsFiniteHalf(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

TEST(HalfTest, EveryHalfHasItsValueAndComesBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = HalfToFloat(half);
    if (IsFiniteHalf(half)) {
      EXPECT_EQ(value, ValueOf(half));
      EXPECT_EQ(std::signbit(value), (half & 0x8000) != 0);
      EXPECT_EQ(FloatToHalf(value), half);
    } else if ((half & 0x3ff) == 0) {
      EXPECT_TRUE(std::isinf(value));
      EXPECT_EQ(FloatToHalf(value), half);
    } else {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_FALSE(IsFiniteHalf(FloatToHalf(value)));
    }
  }
}

TEST(HalfTest, FloatsGoToTheNearestTiesToEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const float below = HalfToFloat(half);
    const auto above = static_cast<uint16_t>(half + 1);
    const float middle = (below + HalfToFloat(above)) / 2;
    EXPECT_EQ(FloatToHalf(std::nextafter(middle, 0.0f)), half);
    EXPECT_EQ(FloatToHalf(middle), half % 2 == 0 ? half : above);
    EXPECT_EQ(FloatToHalf(std::nextafter(middle, 1e9f)), above);
    EXPECT_EQ(FloatToHalf(-middle),
              0x8000 | (half % 2 == 0 ? half : above));
  }
}

TEST(HalfTest, WhatRoundsPastTheLargestHalfIsInfinite) {
  EXPECT_EQ(HalfToFloat(0x7bff), kLargestHalf);
  EXPECT_EQ(FloatToHalf(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-std::numeric_limits<float>::max()), 0xfc00);
}

TEST(HalfTest, WhatRoundsToZeroKeepsItsSign) {
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0);
  EXPECT_EQ(FloatToHalf(std::nextafter(0x1p-25f, 1.0f)), 1);
  EXPECT_EQ(FloatToHalf(-std::numeric_limits<float>::denorm_min()), 0x8000);
}

}  // namespace
}  // namespace pedigree
