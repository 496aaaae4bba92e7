// Tests for NaN and infinity that no compiler flag can fold away.

#ifndef PEDIGREE_RUNTIME_TENSOR_FINITE_H_
#define PEDIGREE_RUNTIME_TENSOR_FINITE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace pedigree {

// Neither NaN nor an infinity: not all exponent bits are set.
inline bool IsFinite(float x) {
  constexpr uint32_t kExponentMask = 0x7f800000;
  return (__builtin_bit_cast(uint32_t, x) & kExponentMask) != kExponentMask;
}

inline bool AllFinite(absl::Span<const float> values) {
  bool finite = true;
  for (float value : values) finite &= IsFinite(value);
  return finite;
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_FINITE_H_
