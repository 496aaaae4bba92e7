// IEEE half precision, as bits.

#ifndef PEDIGREE_RUNTIME_TENSOR_HALF_H_
#define PEDIGREE_RUNTIME_TENSOR_HALF_H_

#include <cstdint>

namespace pedigree {

// The largest finite half.
inline constexpr float kLargestHalf = 65504.0f;

// The value of `half`, exactly. Infinities and NaNs keep their kind.
float HalfToFloat(uint16_t half);

// The nearest half, ties to even; beyond the largest one an infinity. A NaN stays
// one.
uint16_t FloatToHalf(float value);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_HALF_H_
