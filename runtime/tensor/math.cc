#include "runtime/tensor/math.h"

#include <cstdint>
#include <limits>

namespace pedigree {
namespace {

// 2^exponent, exponent in the range of normal numbers.
float PowerOfTwoF(int32_t exponent) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(exponent + 127) << 23);
}

double PowerOfTwo(int64_t exponent) {
  return __builtin_bit_cast(double, static_cast<uint64_t>(exponent + 1023)
                                        << 52);
}

double RoundHalfEvenWide(double x) {
  constexpr double kTwoTo52Times1_5 = 6755399441055744.0;
  return (x + kTwoTo52Times1_5) - kTwoTo52Times1_5;
}

// ln 2 as a short head, whose products with small integers are exact, and the
// rest.
constexpr float kLn2HeadF = 0.693359375f;
constexpr float kLn2TailF = -2.12194440e-4f;
constexpr double kLn2Head = 6.93147180369123816490e-01;
constexpr double kLn2Tail = 1.90821492927058770002e-10;

// pi/2 in three parts; the first two have 33 bits.
constexpr double kHalfPi1 = 1.57079632673412561417e+00;
constexpr double kHalfPi2 = 6.07710050630396597660e-11;
constexpr double kHalfPi3 = 2.02226624879595063154e-21;

// x = quarter_turns * pi/2 + head + tail, |head| <= pi/4.
struct Reduced {
  int32_t quarter_turns;
  double head;
  double tail;
};

Reduced ReduceAngle(double x) {
  constexpr double kTwoOverPi = 6.36619772367581382433e-01;
  const double n = RoundHalfEvenWide(x * kTwoOverPi);
  const double first = x - n * kHalfPi1;
  const double second = first - n * kHalfPi2;
  const double lost = (first - second) - n * kHalfPi2;
  const double rest = n * kHalfPi3 - lost;
  const double head = second - rest;
  return {static_cast<int32_t>(n), head, (second - head) - rest};
}

double SinSeries(double head, double tail) {
  const double z = head * head;
  double p = 1.0 / 355687428096000.0;
  p = p * z - 1.0 / 1307674368000.0;
  p = p * z + 1.0 / 6227020800.0;
  p = p * z - 1.0 / 39916800.0;
  p = p * z + 1.0 / 362880.0;
  p = p * z - 1.0 / 5040.0;
  p = p * z + 1.0 / 120.0;
  p = p * z - 1.0 / 6.0;
  return head + (head * z * p + tail);
}

double CosSeries(double head, double tail) {
  const double z = head * head;
  double p = -1.0 / 6402373705728000.0;
  p = p * z + 1.0 / 20922789888000.0;
  p = p * z - 1.0 / 87178291200.0;
  p = p * z + 1.0 / 479001600.0;
  p = p * z - 1.0 / 3628800.0;
  p = p * z + 1.0 / 40320.0;
  p = p * z - 1.0 / 720.0;
  p = p * z + 1.0 / 24.0;
  const double half = 0.5 * z;
  const double most = 1.0 - half;
  return most + (((1.0 - most) - half) + (z * z * p - head * tail));
}

}  // namespace

float ExpF(float x) {
  if (x != x) return x;
  if (x > 88.72283f) return std::numeric_limits<float>::infinity();
  if (x < -103.97208f) return 0.0f;
  const float n = RoundHalfEven(x * 1.44269504f);
  const float r = (x - n * kLn2HeadF) - n * kLn2TailF;
  // Minimax of (e^r - 1 - r) / r^2 on |r| <= ln(2)/2: Cephes, expf.
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = (p * (r * r) + r) + 1.0f;
  // Two factors, so that a subnormal result is rounded once.
  const int32_t exponent = static_cast<int32_t>(n);
  const int32_t half = exponent >> 1;
  return y * PowerOfTwoF(half) * PowerOfTwoF(exponent - half);
}

double Exp(double x) {
  if (x != x) return x;
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.1332191019412) return 0.0;
  const double n = RoundHalfEvenWide(x * 1.44269504088896340736);
  const double head = x - n * kLn2Head;
  const double tail = n * kLn2Tail;
  const double r = head - tail;
  // Taylor: the first term left out is below 2^-57 of the result.
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  const double lost = (head - r) - tail;
  const double y = 1.0 + (r + (r * r * p + lost));
  const int64_t exponent = static_cast<int64_t>(n);
  const int64_t half = exponent >> 1;
  return y * PowerOfTwo(half) * PowerOfTwo(exponent - half);
}

double Log(double x) {
  const uint64_t bits = __builtin_bit_cast(uint64_t, x);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  double m = __builtin_bit_cast(
      double, (bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    exponent += 1;
  }
  // log m = 2 atanh(s) with s = f / (2 + f), as f - (f^2/2 - s (f^2/2 + R)).
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 2.0 / 23.0;
  p = p * z + 2.0 / 21.0;
  p = p * z + 2.0 / 19.0;
  p = p * z + 2.0 / 17.0;
  p = p * z + 2.0 / 15.0;
  p = p * z + 2.0 / 13.0;
  p = p * z + 2.0 / 11.0;
  p = p * z + 2.0 / 9.0;
  p = p * z + 2.0 / 7.0;
  p = p * z + 2.0 / 5.0;
  p = p * z + 2.0 / 3.0;
  const double half_square = 0.5 * f * f;
  const double e = static_cast<double>(exponent);
  const double small = s * (half_square + z * p) + e * kLn2Tail;
  return e * kLn2Head - ((half_square - small) - f);
}

double Pow(double base, double exponent) { return Exp(exponent * Log(base)); }

double Sin(double x) {
  const Reduced r = ReduceAngle(x);
  switch (r.quarter_turns & 3) {
    case 0:
      return SinSeries(r.head, r.tail);
    case 1:
      return CosSeries(r.head, r.tail);
    case 2:
      return -SinSeries(r.head, r.tail);
    default:
      return -CosSeries(r.head, r.tail);
  }
}

double Cos(double x) {
  const Reduced r = ReduceAngle(x);
  switch (r.quarter_turns & 3) {
    case 0:
      return CosSeries(r.head, r.tail);
    case 1:
      return -SinSeries(r.head, r.tail);
    case 2:
      return -CosSeries(r.head, r.tail);
    default:
      return SinSeries(r.head, r.tail);
  }
}

}  // namespace pedigree
