#include "runtime/kernels/packing.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "runtime/format/slm_format.h"
#include "runtime/tensor/half.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

// Bytes of a row as stored.
size_t RowBytes(const TensorView& tensor) {
  const size_t columns = static_cast<size_t>(tensor.columns);
  return tensor.dtype == DType::kQ4_0 ? columns / 2 : columns;
}

// Four bytes of each of a tile's rows.
constexpr size_t kGroupBytes = 4 * kTileRows;

typedef uint32_t Words __attribute__((ext_vector_type(4)));

// Four words of each of four rows become four rows' worth of each word.
void Transpose(const uint8_t* in, size_t row_bytes, uint8_t* out) {
  Words rows[4];
  for (size_t row = 0; row < 4; ++row) {
    std::memcpy(&rows[row], in + row * row_bytes, sizeof(Words));
  }
  const Words a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Words b = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Words c = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Words d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  const Words columns[4] = {__builtin_shufflevector(a, b, 0, 1, 4, 5),
                            __builtin_shufflevector(a, b, 2, 3, 6, 7),
                            __builtin_shufflevector(c, d, 0, 1, 4, 5),
                            __builtin_shufflevector(c, d, 2, 3, 6, 7)};
  for (size_t group = 0; group < 4; ++group) {
    std::memcpy(out + group * kGroupBytes, &columns[group], sizeof(Words));
  }
}

size_t TileScales(const TensorView& tensor) {
  return static_cast<size_t>(tensor.ScalesPerRow()) * kTileRows;
}

size_t PackedTileScaleBytes(const TensorView& tensor) {
  return TileScales(tensor) *
         (tensor.packed_half_scales ? sizeof(uint16_t) : sizeof(float));
}

// out[i * kTileRows + row] = convert(scale i of row `row` of the tile).
template <typename T, typename Convert>
void TransposeScales(const TensorView& tensor, size_t tile, Convert convert,
                     T* out) {
  const size_t count = static_cast<size_t>(tensor.ScalesPerRow());
  const size_t first = tile * kTileRows;
  const size_t rows =
      std::min(kTileRows, static_cast<size_t>(tensor.rows) - first);
  if (rows < kTileRows) std::fill(out, out + count * kTileRows, T{0});
  for (size_t row = 0; row < rows; ++row) {
    const float* from = tensor.scales + (first + row) * count;
    for (size_t i = 0; i < count; ++i) {
      out[i * kTileRows + row] = convert(from[i]);
    }
  }
}

}  // namespace

bool HasTiles(const TensorView& tensor) {
  if (tensor.dtype == DType::kF32) return false;
  return tensor.block_size == tensor.columns ||
         tensor.block_size % kActivationBlock == 0;
}

size_t TileRowBytes(const TensorView& tensor) {
  const size_t block_bytes =
      tensor.dtype == DType::kQ4_0 ? kActivationBlock / 2 : kActivationBlock;
  return static_cast<size_t>(ActivationBlocks(tensor.columns)) * block_bytes;
}

size_t TileCount(const TensorView& tensor) {
  return static_cast<size_t>((tensor.rows + kTileRows - 1) / kTileRows);
}

bool HasHalfScales(const TensorView& tensor) {
  if (!HasTiles(tensor) || tensor.block_size == tensor.columns) return false;
  const uint64_t count = tensor.rows * tensor.ScalesPerRow();
  return std::all_of(tensor.scales, tensor.scales + count, [](float scale) {
    return HalfToFloat(FloatToHalf(scale)) == scale;
  });
}

uint64_t PackedBytes(const TensorView& tensor) {
  if (!HasTiles(tensor)) return 0;
  const uint64_t tile_bytes =
      kTileRows * TileRowBytes(tensor) + PackedTileScaleBytes(tensor);
  return TileCount(tensor) * tile_bytes;
}

size_t TileScratchBytes(const TensorView& tensor) {
  if (!HasTiles(tensor)) return 0;
  return kTileRows * TileRowBytes(tensor) + sizeof(float) * TileScales(tensor);
}

void PackTile(const TensorView& tensor, size_t tile, uint8_t* out) {
  const size_t row_bytes = RowBytes(tensor);
  const size_t groups = TileRowBytes(tensor) / 4;
  const size_t whole = row_bytes / 4;
  const size_t first = tile * kTileRows;
  const size_t rows =
      std::min(kTileRows, static_cast<size_t>(tensor.rows) - first);
  if (rows < kTileRows || whole < groups) {
    std::memset(out, 0, groups * kGroupBytes);
  }
  const uint8_t* in = tensor.payload + first * row_bytes;
  size_t group = 0;
  if (rows == kTileRows) {
    for (; group + 4 <= whole; group += 4) {
      for (size_t row = 0; row < kTileRows; row += 4) {
        Transpose(in + row * row_bytes + group * 4, row_bytes,
                  out + group * kGroupBytes + row * 4);
      }
    }
  }
  for (size_t row = 0; row < rows; ++row) {
    const uint8_t* from = in + row * row_bytes;
    uint8_t* to = out + row * 4;
    for (size_t g = group; g < whole; ++g) {
      std::memcpy(to + g * kGroupBytes, from + g * 4, 4);
    }
    std::memcpy(to + whole * kGroupBytes, from + whole * 4,
                row_bytes - whole * 4);
  }
}

void PackTileScales(const TensorView& tensor, size_t tile, float* out) {
  TransposeScales(tensor, tile, [](float scale) { return scale; }, out);
}

void PackTiles(const TensorView& tensor, size_t begin, size_t end,
               uint8_t* packed) {
  const size_t tile_bytes = kTileRows * TileRowBytes(tensor);
  uint8_t* all_scales = packed + TileCount(tensor) * tile_bytes;
  for (size_t tile = begin; tile < end; ++tile) {
    PackTile(tensor, tile, packed + tile * tile_bytes);
    uint8_t* scales = all_scales + tile * PackedTileScaleBytes(tensor);
    if (tensor.packed_half_scales) {
      TransposeScales(tensor, tile, FloatToHalf,
                      reinterpret_cast<uint16_t*>(scales));
    } else {
      PackTileScales(tensor, tile, reinterpret_cast<float*>(scales));
    }
  }
}

}  // namespace pedigree
