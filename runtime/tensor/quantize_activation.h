// int8 activations, what quantized weights are multiplied with.
// Specification: docs/numerics.md, "Quantized activations".

#ifndef PEDIGREE_RUNTIME_TENSOR_QUANTIZE_ACTIVATION_H_
#define PEDIGREE_RUNTIME_TENSOR_QUANTIZE_ACTIVATION_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace pedigree {

// Columns that share one activation scale; the last block may be shorter.
inline constexpr size_t kActivationBlock = 32;

// A block whose largest magnitude is below this is stored as zeros.
inline constexpr float kSmallestActivation = 0x1p-100f;

// An activation vector as integers: x[i] is about
// values[i] * scales[i / kActivationBlock]. Borrows both arrays.
struct QuantizedActivation {
  absl::Span<const int8_t> values;   // -127..127
  absl::Span<const float> scales;    // positive
};

// The number of scales for `columns` values.
constexpr uint64_t ActivationBlocks(uint64_t columns) {
  return columns / kActivationBlock + (columns % kActivationBlock != 0);
}

// Fills `values` (as long as x) and `scales` (ActivationBlocks of it). Every
// x[i] must be finite.
void QuantizeActivation(absl::Span<const float> x, absl::Span<int8_t> values,
                        absl::Span<float> scales);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_QUANTIZE_ACTIVATION_H_
