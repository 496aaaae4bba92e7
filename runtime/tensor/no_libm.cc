// The few functions of libm that third-party code in shipped binaries calls
// (Abseil's sampling of statistics, hash tables of libc++, CLI11) and that the
// compiler falls back to for square roots. Defined here, so that a shipped
// binary imports nothing of a machine's libm, whose results differ between
// versions; //bazel:shipped_binary_test.bzl checks that. Linked first, these
// win over the library's. Compiled with -fno-builtin, or the compiler would
// turn a body into a call of itself.

#include <emmintrin.h>

#include <limits>

#include "runtime/tensor/math.h"

extern "C" {

// Correctly rounded, as IEEE 754 wants.
double sqrt(double x) { return _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set1_pd(x))); }
float sqrtf(float x) { return _mm_cvtss_f32(_mm_sqrt_ps(_mm_set1_ps(x))); }

// The nearest integer, halves to even. Exact.
double rint(double x) {
  constexpr double kTwoTo52 = 4503599627370496.0;
  if (!(x > -kTwoTo52 && x < kTwoTo52)) return x;
  const double magnitude = x < 0 ? -x : x;
  const double rounded = (magnitude + kTwoTo52) - kTwoTo52;
  return __builtin_copysign(rounded, x);
}

// The least integer that is not below x. Exact.
float ceilf(float x) {
  constexpr float kTwoTo23 = 8388608.0f;
  if (!(x > -kTwoTo23 && x < kTwoTo23)) return x;
  const float truncated = static_cast<float>(static_cast<int>(x));
  const float ceiling = truncated < x ? truncated + 1.0f : truncated;
  return __builtin_copysignf(ceiling, x);
}

float nanf(const char*) { return std::numeric_limits<float>::quiet_NaN(); }

// For positive, normal, finite x; within 4 ulp.
double log2(double x) {
  constexpr double kLog2E = 1.44269504088896340736;
  return pedigree::Log(x) * kLog2E;
}

}  // extern "C"
