#include "runtime/tensor/math.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

// libm in a wider type stands for the true value; only tests may call it.

double UlpF(double value) {
  const float f = std::fabs(static_cast<float>(value));
  return static_cast<double>(
             std::nextafterf(f, std::numeric_limits<float>::infinity())) -
         static_cast<double>(f);
}

long double Ulp(long double value) {
  const double d = std::fabs(static_cast<double>(value));
  return static_cast<long double>(
             std::nextafter(d, std::numeric_limits<double>::infinity())) -
         d;
}

// `steps` values from `first` to `last`.
template <typename Visit>
void Sweep(double first, double last, int steps, Visit visit) {
  for (int i = 0; i <= steps; ++i) {
    visit(first + (last - first) * i / steps);
  }
}

TEST(MathTest, ExpFIsWithinOneUlpOverItsRange) {
  double worst = 0;
  // Every 97th float.
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += 97) {
    const float x =
        __builtin_bit_cast(float, static_cast<uint32_t>(bits));
    if (!(x > -103.9f && x < 88.72f)) continue;
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(
        worst, std::fabs(static_cast<double>(ExpF(x)) - exact) / UlpF(exact));
  }
  EXPECT_LE(worst, 1.0);
  EXPECT_GT(worst, 0.4);
}

TEST(MathTest, ExpFAtItsEnds) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(ExpF(0.0f), 1.0f);
  EXPECT_EQ(ExpF(88.8f), kInfinity);
  EXPECT_EQ(ExpF(kInfinity), kInfinity);
  EXPECT_EQ(ExpF(-104.0f), 0.0f);
  EXPECT_EQ(ExpF(-kInfinity), 0.0f);
  EXPECT_GT(ExpF(-103.9f), 0.0f);
  EXPECT_LT(ExpF(88.72f), kInfinity);
  EXPECT_TRUE(std::isnan(ExpF(std::numeric_limits<float>::quiet_NaN())));
}

TEST(MathTest, ExpIsWithinOneUlp) {
  long double worst = 0;
  Sweep(-700, 700, 200001, [&worst](double x) {
    const long double exact = std::exp(static_cast<long double>(x));
    worst = std::max(worst, std::fabs(Exp(x) - exact) / Ulp(exact));
  });
  EXPECT_LE(worst, 1.0L);
  EXPECT_EQ(Exp(0), 1.0);
  EXPECT_EQ(Exp(710), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Exp(-746), 0.0);
}

TEST(MathTest, LogIsWithinTwoUlp) {
  long double worst = 0;
  const auto check = [&worst](double x) {
    if (x == 1) return;
    const long double exact = std::log(static_cast<long double>(x));
    worst = std::max(worst, std::fabs(Log(x) - exact) / Ulp(exact));
  };
  Sweep(0.4, 2.5, 100001, check);
  Sweep(1e-300, 1e-290, 1001, check);
  Sweep(1e3, 1e30, 100001, check);
  EXPECT_LE(worst, 2.0L);
  EXPECT_EQ(Log(1.0), 0.0);
}

TEST(MathTest, PowStaysWithinItsBound) {
  for (double base : {10000.0, 500000.0, 1000000.0}) {
    Sweep(-1, 1, 1001, [base](double exponent) {
      const long double exact =
          std::pow(static_cast<long double>(base), exponent);
      const double bound =
          (2 + 2 * std::fabs(exponent * std::log(base))) * 0x1p-53;
      EXPECT_LE(std::fabs(Pow(base, exponent) - exact) / exact, bound);
    });
  }
}

TEST(MathTest, SineAndCosineAreAccurateUpToTheLargestAngle) {
  long double worst = 0;
  const auto check = [&worst](double x) {
    const long double wide = x;
    worst = std::max({worst, std::fabs(Sin(x) - std::sin(wide)),
                      std::fabs(Cos(x) - std::cos(wide))});
  };
  Sweep(-10, 10, 100001, check);
  Sweep(-kMaxAngle, kMaxAngle, 400001, check);
  Sweep(1e6, kMaxAngle, 100001, check);
  EXPECT_LE(worst, 0x1p-52L);
  EXPECT_EQ(Sin(0), 0.0);
  EXPECT_EQ(Cos(0), 1.0);
}

TEST(MathTest, RoundsHalvesToEven) {
  EXPECT_EQ(RoundHalfEven(0.5f), 0.0f);
  EXPECT_EQ(RoundHalfEven(1.5f), 2.0f);
  EXPECT_EQ(RoundHalfEven(2.5f), 2.0f);
  EXPECT_EQ(RoundHalfEven(-1.5f), -2.0f);
  EXPECT_EQ(RoundHalfEven(126.5f), 126.0f);
  EXPECT_EQ(RoundHalfEven(-0.500001f), -1.0f);
}

}  // namespace
}  // namespace pedigree
