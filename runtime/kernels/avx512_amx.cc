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
constexpr size_t kTilesAtOnce = 32;
// Shorter rows don't pay for what comes before and after their sums.
constexpr size_t kLeastBlocks = 8;
// Bytes of 16 rows of a block, one to a weight.
constexpr size_t kBlockBytes = kTileRows * kActivationBlock;

// Tile registers: two for the activations of a block, two for its weights, and
// the sums of four blocks.
constexpr int kActivations = 0;
constexpr int kWeights = 2;
constexpr int kSums = 4;
constexpr int kSumTiles = 4;

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
  for (int tile : {kActivations, kActivations + 1}) {
    shapes.rows[tile] = kTileTokens;
    shapes.row_bytes[tile] = kActivationBlock;
  }
  for (int tile : {kWeights, kWeights + 1}) {
    shapes.rows[tile] = kActivationBlock / 4;
    shapes.row_bytes[tile] = kTileRows * 4;
  }
  for (int tile = kSums; tile < kSums + kSumTiles; ++tile) {
    shapes.rows[tile] = kTileTokens;
    shapes.row_bytes[tile] = kTileRows * sizeof(int32_t);
  }
  return shapes;
}

constexpr TileShapes kTileShapes = MakeTileShapes();

// Blocks [begin, begin + count) of the activations of all tokens.
struct ActivationPiece {
  size_t count = 0;
  // 16 tokens of a block side by side, as a tile register holds them: read
  // where they are, they lie a power of two apart and drive each other from the
  // cache.
  alignas(64) int8_t integers[kMaxBatchTokens / kTileTokens][kPieceBlocks]
                             [kTileTokens][kActivationBlock];
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

// What is read after a piece, and lies elsewhere: no prefetcher foresees it.
struct Ahead {
  const uint8_t* next = nullptr;
  const uint8_t* end = nullptr;

  // Fetches the next `bytes`.
  PEDIGREE_VEC_INLINE void Fetch(size_t bytes) {
    const uint8_t* until =
        bytes < static_cast<size_t>(end - next) ? next + bytes : end;
    for (; next < until; next += kLineBytes) FetchLine(next);
    next = until;
  }
};

// What the 16 rows of a tile give for all tokens.
struct alignas(64) TileTotals {
  float of[kMaxBatchTokens][kTileRows];
};

template <bool kQ4>
void ReadActivations(const ActivationBatch& x, size_t begin, size_t tokens,
                     ActivationPiece& piece) {
  const size_t count = std::min(kPieceBlocks, x.blocks() - begin);
  piece.count = count;
  const int8_t* integers =
      (kQ4 ? x.split_integers : x.integers) + begin * kActivationBlock;
  const float* scales = x.scales + begin;
  for (size_t token = 0; token < tokens; ++token) {
    auto& group = piece.integers[token / kTileTokens];
    for (size_t i = 0; i < count; ++i) {
      __builtin_memcpy(group[i][token % kTileTokens],
                       integers + i * kActivationBlock, kActivationBlock);
      piece.scales[i][token] = scales[i];
    }
    integers += x.integer_stride;
    scales += x.blocks();
  }
}

// Where block `block` of a tile begins.
const uint8_t* BlockAt(const TileLayout& layout, const uint8_t* tile,
                       size_t block) {
  return tile + block / layout.unit_blocks * layout.unit_bytes +
         block % layout.unit_blocks * layout.block_bytes;
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
    const uint8_t* weights = BlockAt(layout, tile, begin + i);
    if constexpr (kQ4) {
      Unpack(weights, piece.unpacked[i]);
      piece.blocks[i] = piece.unpacked[i];
    } else {
      piece.blocks[i] = weights;
    }
    if constexpr (kBlockScales) {
      const size_t behind =
          layout.unit_blocks - (begin + i) % layout.unit_blocks;
      const uint8_t* scales = weights + behind * layout.block_bytes;
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

// total[t] += sums[t], scaled.
template <bool kBlockScales>
PEDIGREE_VEC_INLINE void AddScaled(const Sums& sums, const float* scales,
                                   const F16& weight_scale,
                                   F16 (&total)[kTileTokens]) {
  PEDIGREE_UNROLL
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

// The product of a block with 16 tokens, of all those of a piece, block by
// block.
struct Product {
  size_t block = 0;
  size_t group = 0;

  PEDIGREE_VEC_INLINE void Next(size_t blocks) {
    if (++block < blocks) return;
    block = 0;
    ++group;
  }
};

// Step `step` of a pipeline: begins one product, stores the sums of the one
// before the last, and adds those of the one before that. A product takes the
// tile unit some fifty cycles, and what a tile register stores cannot be read
// at once; in this order the three go on side by side (a third less time a
// block than one after the other, on Granite Rapids). kPhase: step % kSumTiles.
template <bool kBlockScales, int kPhase>
PEDIGREE_VEC_INLINE void Step(size_t step, size_t products,
                              const ActivationPiece& x,
                              const WeightPiece& weights, Product& begun,
                              Product& added, Sums (&sums)[kSumTiles],
                              F16 (&total)[kTileTokens], TileTotals& totals) {
  constexpr int kA = kActivations + kPhase % 2;
  constexpr int kB = kWeights + kPhase % 2;
  constexpr int kStored = (kPhase + kSumTiles - 2) % kSumTiles;
  constexpr int kAdded = (kPhase + kSumTiles - 3) % kSumTiles;
  const bool begins = step < products;
  if (begins) {
    _tile_loadd(kA, x.integers[begun.group][begun.block], kActivationBlock);
    _tile_loadd(kB, weights.blocks[begun.block], kTileRows * 4);
    begun.Next(x.count);
  }
  if (step >= 2 && step - 2 < products) {
    _tile_stored(kSums + kStored, &sums[kStored], kTileRows * sizeof(int32_t));
  }
  if (begins) {
    _tile_zero(kSums + kPhase);
    _tile_dpbssd(kSums + kPhase, kA, kB);
  }
  if (step >= 3 && step - 3 < products) {
    const size_t token = added.group * kTileTokens;
    if (added.block == 0) {
      PEDIGREE_UNROLL
      for (size_t t = 0; t < kTileTokens; ++t) {
        total[t] = Load(totals.of[token + t]);
      }
    }
    AddScaled<kBlockScales>(sums[kAdded], &x.scales[added.block][token],
                            weights.scales[added.block], total);
    added.Next(x.count);
    if (added.block == 0) {
      PEDIGREE_UNROLL
      for (size_t t = 0; t < kTileTokens; ++t) {
        Store(total[t], totals.of[token + t]);
      }
    }
  }
}

// Adds what the pieces give for `tokens` tokens.
template <bool kBlockScales>
void AddPiece(const ActivationPiece& x, const WeightPiece& weights,
              size_t tokens, Ahead ahead, TileTotals& totals) {
  const size_t products = tokens / kTileTokens * x.count;
  const size_t fetch =
      static_cast<size_t>(ahead.end - ahead.next) * kSumTiles / products + 64;
  Sums sums[kSumTiles];
  F16 total[kTileTokens];
  Product begun;
  Product added;
  for (size_t step = 0; step < products + 3; step += kSumTiles) {
    ahead.Fetch(fetch);
    Step<kBlockScales, 0>(step, products, x, weights, begun, added, sums, total,
                          totals);
    Step<kBlockScales, 1>(step + 1, products, x, weights, begun, added, sums,
                          total, totals);
    Step<kBlockScales, 2>(step + 2, products, x, weights, begun, added, sums,
                          total, totals);
    Step<kBlockScales, 3>(step + 3, products, x, weights, begun, added, sums,
                          total, totals);
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
      const uint8_t* tile = tiles + n * layout.tile_bytes;
      const size_t end = block + activations.count;
      ReadWeights<kQ4, kBlockScales>(layout, tile, block, activations.count,
                                     weights);
      Ahead ahead;
      if (n + 1 < tile_count) {
        ahead.next = BlockAt(layout, tile + layout.tile_bytes, block);
        ahead.end = BlockAt(layout, tile + layout.tile_bytes, end);
      }
      AddPiece<kBlockScales>(activations, weights, tokens, ahead, totals[n]);
    }
  }
  F16 weight_scales[kTilesAtOnce];
  if constexpr (!kBlockScales) {
    for (size_t n = 0; n < tile_count; ++n) {
      weight_scales[n] = Load(reinterpret_cast<const float*>(
          tiles + n * layout.tile_bytes +
          layout.unit_blocks * layout.block_bytes));
    }
  }
  for (size_t token = 0; token < tokens; ++token) {
    for (size_t n = 0; n < tile_count; ++n) {
      F16 total = Load(totals[n].of[token]);
      if constexpr (!kBlockScales) total *= weight_scales[n];
      const size_t row = n * kTileRows;
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
