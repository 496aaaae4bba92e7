#include "runtime/tensor/quantize_activation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

// Returns the block's scale.
float QuantizeBlock(absl::Span<const float> x, int8_t* values) {
  float largest = 0;
  for (float value : x) largest = std::max(largest, __builtin_fabsf(value));
  if (largest < kSmallestActivation) {
    std::fill(values, values + x.size(), int8_t{0});
    return 1.0f;
  }
  const float scale = largest / 127.0f;
  const float inverse = 1.0f / scale;
  for (size_t i = 0; i < x.size(); ++i) {
    values[i] = static_cast<int8_t>(RoundHalfEven(x[i] * inverse));
  }
  return scale;
}

}  // namespace

void QuantizeActivation(absl::Span<const float> x, absl::Span<int8_t> values,
                        absl::Span<float> scales) {
  for (size_t begin = 0; begin < x.size(); begin += kActivationBlock) {
    scales[begin / kActivationBlock] = QuantizeBlock(
        x.subspan(begin, kActivationBlock), values.data() + begin);
  }
}

}  // namespace pedigree
