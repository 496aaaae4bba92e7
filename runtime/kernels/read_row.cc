#include "runtime/kernels/read_row.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/packing.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/half.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// Row `row` of tiles.
void DequantizePackedRow(const TensorView& tensor, uint64_t row,
                         absl::Span<float> out) {
  const TileLayout layout = LayoutOfTiles(tensor, tensor.packed_half_scales);
  const uint32_t flipped = FlippedBits(tensor.dtype);
  const bool nibbles = tensor.dtype == DType::kQ4_0;
  const size_t word_values = nibbles ? 8 : 4;
  const size_t lane = row % kTileRows;
  const uint8_t* unit =
      tensor.packed + row / kTileRows * layout.tile_bytes;
  for (size_t i = 0; i < out.size(); unit += layout.unit_bytes) {
    const uint8_t* scales = unit + layout.unit_blocks * layout.block_bytes;
    const float scale =
        layout.half_scales
            ? HalfToFloat(Load<uint16_t>(scales + lane * sizeof(uint16_t)))
            : Load<float>(scales + lane * sizeof(float));
    const uint8_t* group = unit + lane * sizeof(uint32_t);
    for (const size_t end = i + tensor.block_size; i < end;) {
      const uint32_t word = Load<uint32_t>(group) ^ flipped;
      uint8_t bytes[sizeof(word)];
      std::memcpy(bytes, &word, sizeof(word));
      const size_t count = std::min(word_values, end - i);
      for (size_t value = 0; value < count; ++value, ++i) {
        const int32_t weight = nibbles ? NibbleWeight(bytes, value)
                                       : static_cast<int8_t>(bytes[value]);
        out[i] = static_cast<float>(weight) * scale;
      }
      group += kTileRows * sizeof(uint32_t);
    }
  }
}

}  // namespace

void ReadRow(const TensorView& tensor, uint64_t row, absl::Span<float> out) {
  if (tensor.payload != nullptr) {
    DequantizeRow(tensor, row, out);
  } else {
    DequantizePackedRow(tensor, row, out);
  }
}

}  // namespace pedigree
