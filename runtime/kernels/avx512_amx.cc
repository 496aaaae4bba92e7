// AVX-512 with VNNI and the tile registers of AMX: the sums of a whole block of
// sixteen rows with sixteen tokens an instruction. All but quantized products
// of sixteen tokens and more are those of VNNI.

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/x86_kernels.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

#pragma clang attribute push(                                                 \
    __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl," \
                          "avx512vnni,amx-tile,amx-int8"))),                  \
    apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

#include "runtime/kernels/dot512-inl.h"

// Tokens of a product, a row of a tile register each.
constexpr size_t kTileTokens = 16;
// Blocks of a row that are multiplied at once, for all tokens.
constexpr size_t kPieceBlocks = 16;
// Tiles that the same activations meet, one after the other.
constexpr size_t kTilesAtOnce = 16;
// Shorter rows don't pay for what comes before and after their sums.
constexpr size_t kLeastBlocks = 8;
// Bytes of 16 rows of a block, one to a weight.
constexpr size_t kBlockBytes = kTileRows * kActivationBlock;

// Tile registers. Two of each, so that a block need not wait for the one
// before.
constexpr int kActivations0 = 0;
constexpr int kActivations1 = 1;
constexpr int kWeights0 = 2;
constexpr int kWeights1 = 3;
constexpr int kSums0 = 4;
constexpr int kSums1 = 5;

// What ldtilecfg reads: the shape of each register.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileShapes) == 64);

constexpr TileShapes MakeTileShapes() {
  TileShapes shapes;
  for (int tile : {kActivations0, kActivations1}) {
    shapes.rows[tile] = kTileTokens;
    shapes.row_bytes[tile] = kActivationBlock;
  }
  for (int tile : {kWeights0, kWeights1}) {
    shapes.rows[tile] = kActivationBlock / 4;
    shapes.row_bytes[tile] = kTileRows * 4;
  }
  for (int tile : {kSums0, kSums1}) {
    shapes.rows[tile] = kTileTokens;
    shapes.row_bytes[tile] = kTileRows * sizeof(int32_t);
  }
  return shapes;
}

constexpr TileShapes kTileShapes = MakeTileShapes();

// Blocks [begin, begin + count) of the activations of all tokens.
struct ActivationPiece {
  size_t count = 0;
  // The first token's, and the distance to the next one's.
  const int8_t* integers = nullptr;
  size_t stride = 0;
  // Of a block side by side: tiles read them from one place.
  alignas(64) float scales[kPieceBlocks][kMaxBatchTokens];
};

// The same blocks of 16 rows of weights.
struct WeightPiece {
  // Where each block lies, 4 columns of each row after the other.
  const uint8_t* blocks[kPieceBlocks];
  // The rows' scales in each block, where blocks have their own.
  F16 scales[kPieceBlocks];
  // For blocks that lie nowhere as bytes.
  alignas(64) uint8_t unpacked[kPieceBlocks][kBlockBytes];
};

// What the 16 rows of a tile give for all tokens.
struct alignas(64) TileTotals {
  float of[kMaxBatchTokens][kTileRows];
};

template <bool kQ4>
void ReadActivations(const ActivationBatch& x, size_t begin, size_t tokens,
                     ActivationPiece& piece) {
  piece.count = std::min(kPieceBlocks, x.blocks() - begin);
  piece.integers =
      (kQ4 ? x.split_integers : x.integers) + begin * kActivationBlock;
  piece.stride = x.integer_stride;
  for (size_t token = 0; token < tokens; ++token) {
    const float* scales = x.scales + token * x.blocks() + begin;
    for (size_t i = 0; i < piece.count; ++i) piece.scales[i][token] = scales[i];
  }
}

// The 16 rows of a q4_0 block as bytes: even columns, then odd ones, as in
// ActivationBatch::split_integers.
PEDIGREE_VEC_INLINE void Unpack(const uint8_t* nibbles, uint8_t* bytes) {
  const __m512i mask = _mm512_set1_epi8(0x0f);
  const __m512i eight = _mm512_set1_epi8(8);
  for (size_t i = 0; i < kBlockBytes / 2; i += 64) {
    const __m512i both = _mm512_loadu_si512(nibbles + i);
    const __m512i low = _mm512_and_si512(both, mask);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), mask);
    // Two's complement of 4 bits, widened.
    _mm512_store_si512(bytes + i,
                       _mm512_sub_epi8(_mm512_xor_si512(low, eight), eight));
    _mm512_store_si512(bytes + kBlockBytes / 2 + i,
                       _mm512_sub_epi8(_mm512_xor_si512(high, eight), eight));
  }
}

template <bool kQ4, bool kBlockScales>
void ReadWeights(const TileLayout& layout, const uint8_t* tile, size_t begin,
                 size_t count, WeightPiece& piece) {
  for (size_t i = 0; i < count; ++i) {
    const size_t block = begin + i;
    const uint8_t* unit = tile + block / layout.unit_blocks * layout.unit_bytes;
    const uint8_t* weights =
        unit + block % layout.unit_blocks * layout.block_bytes;
    if constexpr (kQ4) {
      Unpack(weights, piece.unpacked[i]);
      piece.blocks[i] = piece.unpacked[i];
    } else {
      piece.blocks[i] = weights;
    }
    if constexpr (kBlockScales) {
      const uint8_t* scales = unit + layout.unit_blocks * layout.block_bytes;
      piece.scales[i] = layout.half_scales
                            ? Dot512::LoadHalves(scales)
                            : Load(reinterpret_cast<const float*>(scales));
    }
  }
}

// Integer sums of 16 tokens with 16 rows.
struct alignas(64) Sums {
  int32_t of[kTileTokens][kTileRows];
};

template <int kParity>
PEDIGREE_VEC_INLINE void SumBlock(const int8_t* activations, size_t stride,
                                  const uint8_t* weights, Sums& sums) {
  constexpr int kA = kParity == 0 ? kActivations0 : kActivations1;
  constexpr int kB = kParity == 0 ? kWeights0 : kWeights1;
  constexpr int kC = kParity == 0 ? kSums0 : kSums1;
  _tile_loadd(kB, weights, kTileRows * 4);
  _tile_loadd(kA, activations, stride);
  _tile_zero(kC);
  _tile_dpbssd(kC, kA, kB);
  _tile_stored(kC, &sums, kTileRows * sizeof(int32_t));
}

// total[t] += sums[t], scaled.
template <bool kBlockScales>
PEDIGREE_VEC_INLINE void AddScaled(const Sums& sums, const float* scales,
                                   const F16& weight_scale,
                                   F16 (&total)[kTileTokens]) {
#pragma clang loop unroll(full)
  for (size_t t = 0; t < kTileTokens; ++t) {
    I16 integers;
    __builtin_memcpy(&integers, sums.of[t], sizeof(integers));
    const F16 products = __builtin_convertvector(integers, F16);
    const F16 scale = scales[t];
    if constexpr (kBlockScales) {
      total[t] = total[t] + products * (scale * weight_scale);
    } else {
      total[t] = total[t] + products * scale;
    }
  }
}

// Adds what the pieces give for tokens [token, token + 16).
template <bool kBlockScales>
void AddPiece(const ActivationPiece& x, const WeightPiece& weights,
              size_t token, TileTotals& totals) {
  const int8_t* in = x.integers + token * x.stride;
  F16 total[kTileTokens];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < kTileTokens; ++t) {
    total[t] = Load(totals.of[token + t]);
  }
  // The sums of one block are taken in while those of the next are made: what a
  // tile register stores cannot be read at once.
  Sums sums[2];
  SumBlock<0>(in, x.stride, weights.blocks[0], sums[0]);
  size_t i = 0;
  for (; i + 2 < x.count; i += 2) {
    SumBlock<1>(in + (i + 1) * kActivationBlock, x.stride,
                weights.blocks[i + 1], sums[1]);
    AddScaled<kBlockScales>(sums[0], &x.scales[i][token], weights.scales[i],
                            total);
    SumBlock<0>(in + (i + 2) * kActivationBlock, x.stride,
                weights.blocks[i + 2], sums[0]);
    AddScaled<kBlockScales>(sums[1], &x.scales[i + 1][token],
                            weights.scales[i + 1], total);
  }
  if (i + 1 < x.count) {
    SumBlock<1>(in + (i + 1) * kActivationBlock, x.stride,
                weights.blocks[i + 1], sums[1]);
  }
  AddScaled<kBlockScales>(sums[0], &x.scales[i][token], weights.scales[i],
                          total);
  if (i + 1 < x.count) {
    AddScaled<kBlockScales>(sums[1], &x.scales[i + 1][token],
                            weights.scales[i + 1], total);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < kTileTokens; ++t) {
    Store(total[t], totals.of[token + t]);
  }
}

// out[t][0..rows) of the tiles at `tiles`, at most kTilesAtOnce, for tokens
// [0, tokens), a multiple of kTileTokens.
template <bool kQ4, bool kBlockScales>
void MultiplyTiles(const TileLayout& layout, const uint8_t* tiles, size_t rows,
                   const ActivationBatch& x, size_t tokens, float* out,
                   size_t out_stride) {
  const size_t tile_count = (rows + kTileRows - 1) / kTileRows;
  TileTotals totals[kTilesAtOnce];
  std::fill_n(totals, tile_count, TileTotals{});
  ActivationPiece activations;
  WeightPiece weights;
  for (size_t block = 0; block < x.blocks(); block += kPieceBlocks) {
    ReadActivations<kQ4>(x, block, tokens, activations);
    for (size_t n = 0; n < tile_count; ++n) {
      ReadWeights<kQ4, kBlockScales>(layout, tiles + n * layout.tile_bytes,
                                     block, activations.count, weights);
      for (size_t token = 0; token < tokens; token += kTileTokens) {
        AddPiece<kBlockScales>(activations, weights, token, totals[n]);
      }
    }
  }
  for (size_t n = 0; n < tile_count; ++n) {
    F16 weight_scale = 1.0f;
    if constexpr (!kBlockScales) {
      weight_scale = Load(reinterpret_cast<const float*>(
          tiles + n * layout.tile_bytes +
          layout.unit_blocks * layout.block_bytes));
    }
    const size_t row = n * kTileRows;
    for (size_t token = 0; token < tokens; ++token) {
      F16 total = Load(totals[n].of[token]);
      if constexpr (!kBlockScales) total *= weight_scale;
      float* to = out + token * out_stride + row;
      if (rows - row >= kTileRows) {
        Store(total, to);
      } else {
        StorePart(total, to, rows - row);
      }
    }
  }
}

template <bool kQ4>
void MultiplyRows(const TensorView& tensor, size_t begin_row, size_t end_row,
                  const ActivationBatch& x, size_t tokens, float* out,
                  size_t out_stride, uint8_t* scratch) {
  const bool packed = tensor.packed != nullptr;
  const TileLayout layout =
      LayoutOfTiles(tensor, packed && tensor.packed_half_scales);
  const size_t rows_at_once = (packed ? kTilesAtOnce : 1) * kTileRows;
  for (size_t row = begin_row; row < end_row; row += rows_at_once) {
    const size_t index = row / kTileRows;
    const uint8_t* tiles = scratch;
    if (packed) {
      tiles = tensor.packed + index * layout.tile_bytes;
    } else {
      PackTile(tensor, layout, index, scratch);
    }
    const size_t rows = std::min(end_row - row, rows_at_once);
    const auto multiply = layout.units == 1 ? MultiplyTiles<kQ4, false>
                                            : MultiplyTiles<kQ4, true>;
    multiply(layout, tiles, rows, x, tokens, out + row, out_stride);
  }
}

// All tokens of `x` but the first `count`.
ActivationBatch TokensFrom(const ActivationBatch& x, size_t count) {
  ActivationBatch rest = x;
  rest.tokens = x.tokens - count;
  if (rest.values != nullptr) rest.values += count * x.value_stride;
  rest.integers += count * x.integer_stride;
  if (rest.split_integers != nullptr) {
    rest.split_integers += count * x.integer_stride;
  }
  rest.scales += count * x.blocks();
  if (rest.sums != nullptr) rest.sums += count * x.blocks();
  return rest;
}

void MatMul(const TensorView& tensor, size_t begin_row, size_t end_row,
            const ActivationBatch& x, float* out, size_t out_stride,
            uint8_t* scratch) {
  const Kernels& vnni = Avx512VnniKernels();
  const size_t tokens = x.tokens - x.tokens % kTileTokens;
  if (tensor.dtype == DType::kF32 || !HasTiles(tensor) || tokens == 0 ||
      x.blocks() < kLeastBlocks) {
    vnni.mat_mul(tensor, begin_row, end_row, x, out, out_stride, scratch);
    return;
  }
  _tile_loadconfig(&kTileShapes);
  if (tensor.dtype == DType::kQ4_0) {
    MultiplyRows<true>(tensor, begin_row, end_row, x, tokens, out, out_stride,
                       scratch);
  } else {
    MultiplyRows<false>(tensor, begin_row, end_row, x, tokens, out, out_stride,
                        scratch);
  }
  _tile_release();
  if (tokens == x.tokens) return;
  vnni.mat_mul(tensor, begin_row, end_row, TokensFrom(x, tokens),
               out + tokens * out_stride, out_stride, scratch);
}

// Four chains of products of full tile registers.
uint64_t MultiplyInRegisters(size_t iterations) {
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) {
    shapes.rows[tile] = 16;
    shapes.row_bytes[tile] = 64;
  }
  _tile_loadconfig(&shapes);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  for (size_t i = 0; i < iterations; ++i) {
    _tile_dpbssd(2, 0, 1);
    _tile_dpbssd(3, 0, 1);
    _tile_dpbssd(4, 0, 1);
    _tile_dpbssd(5, 0, 1);
  }
  _tile_release();
  return uint64_t{iterations} * 4 * 16 * 16 * 64;
}

Kernels MakeAmxKernels() {
  Kernels kernels = Avx512VnniKernels();
  kernels.target = Target::kAvx512Amx;
  kernels.mat_mul = MatMul;
  kernels.multiply_in_registers = MultiplyInRegisters;
  return kernels;
}

}  // namespace

const Kernels& Avx512AmxKernels() {
  static const Kernels kernels = MakeAmxKernels();
  return kernels;
}

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
