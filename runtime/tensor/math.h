// Elementary functions whose bits do not depend on a machine's libm.
// Specification: docs/numerics.md, "Elementary functions".
//
// Built from IEEE additions, multiplications and divisions in a fixed order,
// so every target computes the same values; no function here calls libm.

#ifndef PEDIGREE_RUNTIME_TENSOR_MATH_H_
#define PEDIGREE_RUNTIME_TENSOR_MATH_H_

namespace pedigree {

// e^x in binary32, within 1 ulp, subnormal results included. Overflows to
// +infinity above 88.72283 and to +0 below -103.97208. NaN gives NaN.
float ExpF(float x);

// e^x in binary64, within 1 ulp where the result is normal; +infinity above
// 709.78 and +0 below -745.13. NaN gives NaN.
double Exp(double x);

// The natural logarithm of a positive, normal, finite x, within 2 ulp.
double Log(double x);

// base^exponent as Exp(exponent * Log(base)): base is positive, normal and
// finite. Relative error at most (2 + 2 |exponent ln base|) 2^-53.
double Pow(double base, double exponent);

// The largest |x| that Sin and Cos take. Positions are bounded by it.
inline constexpr double kMaxAngle = 1048576.0;

// Sine and cosine of an angle in radians, |x| <= kMaxAngle. Absolute error at
// most 2^-52.
double Sin(double x);
double Cos(double x);

// Correctly rounded square roots: one instruction on every target.
inline float SqrtF(float x) { return __builtin_sqrtf(x); }

// The nearest integer, halves to even, of |x| <= 2^22, as a float.
inline float RoundHalfEven(float x) {
  constexpr float kTwoTo23Times1_5 = 12582912.0f;
  return (x + kTwoTo23Times1_5) - kTwoTo23Times1_5;
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_MATH_H_
