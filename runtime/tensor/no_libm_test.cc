#include <limits>

#include "gtest/gtest.h"

// The definitions under test, not the declarations of <math.h>: the compiler
// may compute those itself.
extern "C" {
double sqrt(double);
float sqrtf(float);
double rint(double);
float ceilf(float);
double log2(double);
float nanf(const char*);
}

namespace pedigree {
namespace {

// Values that the compiler cannot know.
template <typename T>
T Opaque(T value) {
  volatile T copy = value;
  return copy;
}

TEST(NoLibmTest, SquareRoots) {
  EXPECT_EQ(sqrt(Opaque(2.0)), 0x1.6a09e667f3bcdp+0);
  EXPECT_EQ(sqrtf(Opaque(2.0f)), 0x1.6a09e6p+0f);
  const double root = sqrt(Opaque(-1.0));
  EXPECT_NE(root, root);
}

TEST(NoLibmTest, RintRoundsHalvesToEven) {
  EXPECT_EQ(rint(Opaque(0.5)), 0.0);
  EXPECT_EQ(rint(Opaque(1.5)), 2.0);
  EXPECT_EQ(rint(Opaque(2.5)), 2.0);
  EXPECT_EQ(rint(Opaque(-2.5)), -2.0);
  EXPECT_EQ(rint(Opaque(0.49999999999999994)), 0.0);
  EXPECT_EQ(rint(Opaque(4503599627370495.5)), 4503599627370496.0);
  EXPECT_EQ(rint(Opaque(1e300)), 1e300);
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(rint(Opaque(infinity)), infinity);
}

TEST(NoLibmTest, CeilfRoundsUp) {
  EXPECT_EQ(ceilf(Opaque(1.0f)), 1.0f);
  EXPECT_EQ(ceilf(Opaque(1.0000001f)), 2.0f);
  EXPECT_EQ(ceilf(Opaque(-1.5f)), -1.0f);
  EXPECT_TRUE(__builtin_signbit(ceilf(Opaque(-0.5f))));
  EXPECT_EQ(ceilf(Opaque(8388607.5f)), 8388608.0f);
  EXPECT_EQ(ceilf(Opaque(3e38f)), 3e38f);
}

TEST(NoLibmTest, Log2IsClose) {
  for (int exponent = -1000; exponent <= 1000; exponent += 50) {
    EXPECT_NEAR(log2(Opaque(__builtin_ldexp(1.0, exponent))), exponent, 1e-12);
  }
  EXPECT_NEAR(log2(Opaque(3.0)), 1.5849625007211562, 1e-15);
}

TEST(NoLibmTest, NanfIsNotANumber) {
  const float value = nanf(Opaque<const char*>(""));
  EXPECT_NE(value, value);
}

}  // namespace
}  // namespace pedigree
