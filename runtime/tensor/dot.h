// Dot products. Specification: docs/numerics.md, "Dot products".

#ifndef PEDIGREE_RUNTIME_TENSOR_DOT_H_
#define PEDIGREE_RUNTIME_TENSOR_DOT_H_

#include <cstdint>

#include "absl/types/span.h"
#include "runtime/tensor/quantize_activation.h"

namespace pedigree {

// Partial sums of a binary32 sum: element i goes to partial sum i mod 16.
inline constexpr int kPartialSums = 16;

// The fixed tree: 16 partial sums are folded in halves, j with j + 8, then
// j + 4, j + 2, j + 1.
float FoldPartialSums(const float partial[kPartialSums]);

// The sum of a[i] * b[i] by 16 strided partial sums. Equal lengths.
float DotF32(absl::Span<const float> a, absl::Span<const float> b);

// One row of q8_0 weights times a quantized activation of the same length.
// `scales` holds one scale a block of `block_size` weights.
float DotQ8(absl::Span<const int8_t> weights, absl::Span<const float> scales,
            uint32_t block_size, const QuantizedActivation& x);

// As DotQ8 for q4_0: two weights a byte, low nibble first, 8..15 mean -8..-1.
float DotQ4(absl::Span<const uint8_t> packed, absl::Span<const float> scales,
            uint32_t block_size, const QuantizedActivation& x);

// The weight in nibble `i` of a packed q4_0 row, -8..7.
inline int32_t NibbleWeight(const uint8_t* packed, uint64_t i) {
  const int32_t nibble = (packed[i / 2] >> (4 * (i % 2))) & 15;
  return (nibble ^ 8) - 8;
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_DOT_H_
