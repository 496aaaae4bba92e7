#include "runtime/tensor/dot.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/tensor/quantize_activation.h"

namespace pedigree {
namespace {

// Sums over the intersections of weight and activation blocks, ascending.
// `weight(i)` is the integer weight of column i.
template <typename Weight>
float DotBlocks(Weight weight, absl::Span<const float> scales,
                uint32_t block_size, const QuantizedActivation& x) {
  const size_t columns = x.values.size();
  const bool one_block = block_size >= columns;
  float sum = 0;
  size_t begin = 0;
  while (begin < columns) {
    const size_t activation_block = begin / kActivationBlock;
    const size_t weight_block = begin / block_size;
    const size_t end =
        std::min({columns, (activation_block + 1) * kActivationBlock,
                  (weight_block + 1) * block_size});
    int32_t integer_sum = 0;
    for (size_t i = begin; i < end; ++i) {
      integer_sum += weight(i) * static_cast<int32_t>(x.values[i]);
    }
    const float scale = x.scales[activation_block];
    sum += static_cast<float>(integer_sum) *
           (one_block ? scale : scale * scales[weight_block]);
    begin = end;
  }
  return one_block ? sum * scales[0] : sum;
}

}  // namespace

float FoldPartialSums(const float partial[kPartialSums]) {
  float sums[kPartialSums];
  std::copy(partial, partial + kPartialSums, sums);
  for (int half = kPartialSums / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

float DotF32(absl::Span<const float> a, absl::Span<const float> b) {
  float partial[kPartialSums] = {};
  const size_t size = a.size();
  const size_t whole = size - size % kPartialSums;
  for (size_t i = 0; i < whole; i += kPartialSums) {
    for (size_t j = 0; j < kPartialSums; ++j) {
      partial[j] += a[i + j] * b[i + j];
    }
  }
  for (size_t i = whole; i < size; ++i) partial[i - whole] += a[i] * b[i];
  return FoldPartialSums(partial);
}

float DotQ8(absl::Span<const int8_t> weights, absl::Span<const float> scales,
            uint32_t block_size, const QuantizedActivation& x) {
  const int8_t* row = weights.data();
  return DotBlocks(
      [row](size_t i) { return static_cast<int32_t>(row[i]); }, scales,
      block_size, x);
}

float DotQ4(absl::Span<const uint8_t> packed, absl::Span<const float> scales,
            uint32_t block_size, const QuantizedActivation& x) {
  const uint8_t* row = packed.data();
  return DotBlocks([row](size_t i) { return NibbleWeight(row, i); }, scales,
                   block_size, x);
}

}  // namespace pedigree
