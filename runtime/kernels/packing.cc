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

#if defined(__wasm_simd128__)
// Flips what kernels want flipped in `bytes` of weights, a multiple of 16.
void FlipSigns(DType dtype, size_t bytes, uint8_t* weights) {
  const uint32_t bits = FlippedBits(dtype);
  const Words flipped = {bits, bits, bits, bits};
  for (size_t i = 0; i < bytes; i += sizeof(Words)) {
    Words words;
    std::memcpy(&words, weights + i, sizeof(words));
    words ^= flipped;
    std::memcpy(weights + i, &words, sizeof(words));
  }
}
#endif

// The scales of every row, into the units that they belong to.
template <typename T, typename Convert>
void PackScales(const TensorView& tensor, const TileLayout& layout,
                size_t first_row, size_t rows, Convert convert, uint8_t* out) {
  const size_t behind = layout.unit_blocks * layout.block_bytes;
  for (size_t unit = 0; unit < layout.units; ++unit) {
    T scales[kTileRows] = {};
    for (size_t row = 0; row < rows; ++row) {
      scales[row] =
          convert(tensor.scales[(first_row + row) * layout.units + unit]);
    }
    std::memcpy(out + unit * layout.unit_bytes + behind, scales,
                sizeof(scales));
  }
}

// f32 rows [begin, end), as far as there are so many, to their places.
void CopyRows(const TensorView& tensor, size_t begin, size_t end,
              uint8_t* out) {
  const size_t row_bytes = static_cast<size_t>(tensor.columns) * sizeof(float);
  const size_t last = std::min(end, static_cast<size_t>(tensor.rows));
  std::memcpy(out + begin * row_bytes, tensor.payload + begin * row_bytes,
              (last - begin) * row_bytes);
}

}  // namespace

uint32_t FlippedBits([[maybe_unused]] DType dtype) {
#if defined(__wasm_simd128__)
  return dtype == DType::kQ4_0 ? 0x0888'0888 : 0x0080'0080;
#else
  return 0;
#endif
}

bool HasTiles(const TensorView& tensor) {
  if (tensor.dtype == DType::kF32) return false;
  return tensor.block_size == tensor.columns ||
         tensor.block_size % kActivationBlock == 0;
}

bool HasPackedForm(const TensorView& tensor) {
  return tensor.dtype == DType::kF32 || HasTiles(tensor);
}

bool HasHalfScales(const TensorView& tensor) {
  if (!HasTiles(tensor) || tensor.block_size == tensor.columns) return false;
  const uint64_t count = tensor.rows * tensor.ScalesPerRow();
  return std::all_of(tensor.scales, tensor.scales + count, [](float scale) {
    return HalfToFloat(FloatToHalf(scale)) == scale;
  });
}

TileLayout LayoutOfTiles(const TensorView& tensor, bool half_scales) {
  TileLayout layout;
  layout.units = static_cast<size_t>(tensor.ScalesPerRow());
  layout.unit_blocks =
      static_cast<size_t>(ActivationBlocks(tensor.block_size));
  layout.block_bytes =
      kTileRows * (tensor.dtype == DType::kQ4_0 ? kActivationBlock / 2
                                                : kActivationBlock);
  layout.half_scales = half_scales;
  layout.unit_bytes =
      layout.unit_blocks * layout.block_bytes +
      kTileRows * (half_scales ? sizeof(uint16_t) : sizeof(float));
  layout.tile_bytes = layout.units * layout.unit_bytes;
  return layout;
}

size_t TileCount(const TensorView& tensor) {
  return static_cast<size_t>((tensor.rows + kTileRows - 1) / kTileRows);
}

uint64_t PackedBytes(const TensorView& tensor) {
  if (tensor.dtype == DType::kF32) return tensor.StoredBytes();
  if (!HasTiles(tensor)) return 0;
  return uint64_t{TileCount(tensor)} *
         LayoutOfTiles(tensor, tensor.packed_half_scales).tile_bytes;
}

size_t TileScratchBytes(const TensorView& tensor) {
  return HasTiles(tensor) ? LayoutOfTiles(tensor, false).tile_bytes : 0;
}

void PackTile(const TensorView& tensor, const TileLayout& layout, size_t tile,
              uint8_t* out) {
  const size_t row_bytes = RowBytes(tensor);
  const size_t first = tile * kTileRows;
  const size_t rows =
      std::min(kTileRows, static_cast<size_t>(tensor.rows) - first);
  const size_t unit_row_bytes =
      layout.unit_blocks * layout.block_bytes / kTileRows;
  for (size_t unit = 0; unit < layout.units; ++unit) {
    const uint8_t* in =
        tensor.payload + first * row_bytes + unit * unit_row_bytes;
    uint8_t* to = out + unit * layout.unit_bytes;
    // Less than the unit's only where the row's end is filled up.
    const size_t bytes = std::min(unit_row_bytes, row_bytes);
    if (rows < kTileRows || bytes < unit_row_bytes) {
      std::memset(to, 0, unit_row_bytes * kTileRows);
    }
    size_t done = 0;
    if (rows == kTileRows) {
      for (; done + 16 <= bytes; done += 16) {
        for (size_t row = 0; row < kTileRows; row += 4) {
          Transpose(in + row * row_bytes + done, row_bytes,
                    to + done * kTileRows + row * 4);
        }
      }
    }
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = done; i < bytes; i += 4) {
        std::memcpy(to + i * kTileRows + row * 4, in + row * row_bytes + i,
                    std::min<size_t>(4, bytes - i));
      }
    }
#if defined(__wasm_simd128__)
    FlipSigns(tensor.dtype, unit_row_bytes * kTileRows, to);
#endif
  }
  if (layout.half_scales) {
    PackScales<uint16_t>(tensor, layout, first, rows, FloatToHalf, out);
  } else {
    PackScales<float>(tensor, layout, first, rows,
                      [](float scale) { return scale; }, out);
  }
}

void PackTiles(const TensorView& tensor, size_t begin, size_t end,
               uint8_t* packed) {
  if (tensor.dtype == DType::kF32) {
    CopyRows(tensor, begin * kTileRows, end * kTileRows, packed);
    return;
  }
  const TileLayout layout = LayoutOfTiles(tensor, tensor.packed_half_scales);
  for (size_t tile = begin; tile < end; ++tile) {
    PackTile(tensor, layout, tile, packed + tile * layout.tile_bytes);
  }
}

bool TilesFitInPlace(const TensorView& tensor) {
  return HasTiles(tensor) && tensor.rows % kTileRows == 0 &&
         tensor.block_size % kActivationBlock == 0;
}

uint64_t PackInPlaceScratchBytes(const TensorView& tensor) {
  return LayoutOfTiles(tensor, tensor.packed_half_scales).tile_bytes +
         tensor.rows * tensor.ScalesPerRow() * sizeof(float);
}

TensorView PackInPlace(const TensorView& tensor, uint8_t* payload,
                       uint8_t* scratch) {
  const TileLayout layout = LayoutOfTiles(tensor, tensor.packed_half_scales);
  uint8_t* const tile = scratch;
  float* const scales = reinterpret_cast<float*>(scratch + layout.tile_bytes);
  std::copy_n(tensor.scales, tensor.rows * tensor.ScalesPerRow(), scales);
  TensorView source = tensor;
  source.scales = scales;
  // From the last on: a tile ends where the next one began or before that, and it
  // begins where its rows did or behind that, so it meets no rows that are still
  // to be read but its own.
  for (size_t i = TileCount(tensor); i-- > 0;) {
    PackTile(source, layout, i, tile);
    std::memcpy(payload + i * layout.tile_bytes, tile, layout.tile_bytes);
  }
  TensorView packed = tensor;
  packed.payload = nullptr;
  packed.scales = nullptr;
  packed.packed = payload;
  return packed;
}

}  // namespace pedigree
