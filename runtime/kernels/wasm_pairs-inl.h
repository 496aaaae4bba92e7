// Products of packed weights by i32x4.dot_i16x8, the widest integer product that
// SIMD128 has. Included by wasm_simd.cc before kernels-inl.h; no include guard on
// purpose.
//
// A 16-bit lane of a packed tile holds kFields weights of a row, each of kBits:
// two of q8_0, four of q4_0. The sign bit of all but the highest is flipped
// (packing.h), which adds half their range: so the lane is the sum of
// w[i] * 2^(kBits * i), and shifted right by i weights, sign and all, it is
//
//   r[i] = w[i] + 2^kBits * r[i + 1].
//
// So the sum of w[i] * x[i] is that of r[i] * y[i] where
//
//   y[i] = x[i] - 2^kBits * x[i - 1],
//
// which fits 16 bits: weights cost a shift each and no mask.
// What the flipped bits
// added is taken off where a sum starts. Sums are modulo 2^32 on the way and exact
// at the end, since numerics v1 keeps them below 2^24.
//
// Two lanes side by side belong to one row, so a product of a register, 4 rows,
// and a pair of y in all lanes is a step of 4 sums. A block of activations takes
// 16 steps of 16 rows.

#define PEDIGREE_PAIRS_LOOP _Pragma("clang loop unroll(disable)")

// Tokens whose steps are prepared together, and so how often weights that were
// taken apart are used.
inline constexpr size_t kGroupTokens = 16;
inline constexpr size_t kBlockSteps = 16;
// Distant tiles that one token goes through side by side: several streams keep more
// of memory on its way.
inline constexpr size_t kStreams = 4;
static_assert(kStreams <= kGroupTokens);
// Quarters of a tile: 4 rows, a register.
inline constexpr size_t kQuarters = kTileRows / 4;

template <bool kQ4>
struct Fields {
  static constexpr size_t kBits = kQ4 ? 4 : 8;
  static constexpr size_t kFields = 16 / kBits;
};

// y of a block for kTokens tokens.
template <size_t kTokens>
struct Steps {
  int32_t start[kTokens];
  // Two y of 16 bits.
  int32_t pairs[kBlockSteps][kTokens];
};

// What is prepared at a time, for as many blocks as fit: 34 KiB.
inline constexpr size_t kPreparedBlocks = 512;
union Prepared {
  Steps<1> one[kPreparedBlocks];
  Steps<2> two[kPreparedBlocks / 2];
};

// A block of token t of `to`.
template <bool kQ4, size_t kTokens>
PEDIGREE_VEC_INLINE void PrepareBlock(const int8_t* x, size_t t,
                                      Steps<kTokens>& to) {
  constexpr int kBits = Fields<kQ4>::kBits;
  const v128_t flipped = kQ4 ? wasm_i16x8_const(1, 1, 1, 0, 1, 1, 1, 0)
                             : wasm_i16x8_const(1, 0, 1, 0, 1, 0, 1, 0);
  const v128_t zero = wasm_i16x8_const_splat(0);
  v128_t sums = zero;
  PEDIGREE_UNROLL
  for (size_t i = 0; i < kActivationBlock / 8; ++i) {
    const v128_t v = wasm_i16x8_load8x8(x + 8 * i);
    sums = wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(v, flipped));
    const v128_t before =
        kQ4 ? wasm_i16x8_shuffle(v, zero, 8, 0, 1, 2, 8, 4, 5, 6)
            : wasm_i16x8_shuffle(v, zero, 8, 0, 8, 2, 8, 4, 8, 6);
    const v128_t y = wasm_i16x8_sub(v, wasm_i16x8_shl(before, kBits));
    const v128_t pairs = kQ4 ? wasm_i16x8_shuffle(y, y, 0, 4, 1, 5, 2, 6, 3, 7)
                             : wasm_i16x8_shuffle(y, y, 0, 2, 1, 3, 4, 6, 5, 7);
    wasm_v128_store32_lane(&to.pairs[4 * i][t], pairs, 0);
    wasm_v128_store32_lane(&to.pairs[4 * i + 1][t], pairs, 1);
    wasm_v128_store32_lane(&to.pairs[4 * i + 2][t], pairs, 2);
    wasm_v128_store32_lane(&to.pairs[4 * i + 3][t], pairs, 3);
  }
  const v128_t halves =
      wasm_i32x4_add(sums, wasm_i32x4_shuffle(sums, sums, 2, 3, 0, 1));
  to.start[t] = -(1 << (kBits - 1)) * (wasm_i32x4_extract_lane(halves, 0) +
                                       wasm_i32x4_extract_lane(halves, 1));
}

// The scales of 4 rows, halves moved to where a float has its fields.
PEDIGREE_VEC_INLINE v128_t QuarterScales(const uint8_t* scales, bool halves,
                                         size_t quarter) {
  if (!halves) return wasm_v128_load(scales + 16 * quarter);
  const v128_t bits = wasm_i32x4_shl(
      wasm_i32x4_load16x4(scales + 8 * quarter), 13);
  return wasm_f32x4_mul(
      wasm_v128_and(bits, wasm_i32x4_const_splat(
                              static_cast<int32_t>(0x8fffe000))),
      wasm_f32x4_const_splat(0x1p112f));
}

// Adds a block's products of 4 rows to their totals.
PEDIGREE_VEC_INLINE void AddScaled(v128_t sum, v128_t scale, float* totals) {
  const v128_t products =
      wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), scale);
  wasm_v128_store(totals, wasm_f32x4_add(wasm_v128_load(totals), products));
}

// Blocks of a tile, one after the other.
class TileBlocks {
 public:
  TileBlocks(const TileLayout& layout, const uint8_t* tile, size_t block)
      : layout_(layout) {
    const size_t unit = block / layout.unit_blocks;
    const size_t in_unit = block - unit * layout.unit_blocks;
    weights_ = tile + unit * layout.unit_bytes + in_unit * layout.block_bytes;
    scales_ = tile + unit * layout.unit_bytes +
              layout.unit_blocks * layout.block_bytes;
  }
  const uint8_t* weights() const { return weights_; }
  // Those of the block's unit.
  const uint8_t* scales() const { return scales_; }
  PEDIGREE_VEC_INLINE void Next() {
    weights_ += layout_.block_bytes;
    if (weights_ != scales_) return;
    weights_ +=
        layout_.unit_bytes - layout_.unit_blocks * layout_.block_bytes;
    scales_ += layout_.unit_bytes;
  }

 private:
  const TileLayout& layout_;
  const uint8_t* weights_;
  const uint8_t* scales_;
};

// Some blocks of some tokens.
struct Chunk {
  size_t token;
  size_t tokens;
  size_t block;
  size_t blocks;
};

// A block of a tile for one token: weights are taken apart on the way.
template <bool kQ4>
PEDIGREE_VEC_INLINE void SumOneToken(const uint8_t* weights,
                                     const Steps<1>& steps,
                                     v128_t (&sum)[kQuarters]) {
  constexpr size_t kFields = Fields<kQ4>::kFields;
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQuarters; ++q) {
    sum[q] = wasm_v128_load32_splat(&steps.start[0]);
  }
  const int32_t* pairs = steps.pairs[0];
  PEDIGREE_PAIRS_LOOP
  for (size_t group = 0; group < kBlockSteps / kFields; ++group) {
    PEDIGREE_UNROLL
    for (size_t q = 0; q < kQuarters; ++q) {
      const v128_t lanes = wasm_v128_load(weights + 16 * q);
      PEDIGREE_UNROLL
      for (size_t i = 0; i < kFields; ++i) {
        sum[q] = wasm_i32x4_add(
            sum[q],
            wasm_i32x4_dot_i16x8(
                i == 0 ? lanes
                       : wasm_i16x8_shr(lanes, Fields<kQ4>::kBits * i),
                wasm_v128_load32_splat(pairs + i)));
      }
    }
    weights += 16 * kQuarters;
    pairs += kFields;
  }
}

// One token and `tiles` tiles, a block of each in turn.
template <bool kQ4>
void TilesOneToken(const TileLayout& layout, const uint8_t* first, size_t tiles,
                   size_t apart, const ActivationBatch& x, const Chunk& chunk,
                   const Steps<1>* steps, float* totals) {
  const float* scales = x.scales + chunk.token * x.blocks() + chunk.block;
  TileBlocks at(layout, first, chunk.block);
  for (size_t block = 0; block < chunk.blocks; ++block, at.Next()) {
    const v128_t scale = wasm_v128_load32_splat(scales + block);
    PEDIGREE_PAIRS_LOOP
    for (size_t tile = 0; tile < tiles; ++tile) {
      const size_t offset = tile * apart * layout.tile_bytes;
      v128_t sum[kQuarters];
      SumOneToken<kQ4>(at.weights() + offset, steps[block], sum);
      PEDIGREE_UNROLL
      for (size_t q = 0; q < kQuarters; ++q) {
        v128_t factor = scale;
        if (layout.units > 1) {
          factor = wasm_f32x4_mul(
              scale,
              QuarterScales(at.scales() + offset, layout.half_scales, q));
        }
        AddScaled(sum[q], factor, totals + tile * kTileRows + 4 * q);
      }
    }
  }
}

// r of a block, step by step.
template <bool kQ4>
PEDIGREE_VEC_INLINE void TakeApart(const uint8_t* weights,
                                   v128_t (&to)[kBlockSteps][kQuarters]) {
  constexpr size_t kFields = Fields<kQ4>::kFields;
  v128_t* next = to[0];
  PEDIGREE_PAIRS_LOOP
  for (size_t group = 0; group < kBlockSteps / kFields; ++group) {
    PEDIGREE_UNROLL
    for (size_t q = 0; q < kQuarters; ++q) {
      const v128_t lanes = wasm_v128_load(weights + 16 * q);
      PEDIGREE_UNROLL
      for (size_t i = 0; i < kFields; ++i) {
        next[i * kQuarters + q] =
            i == 0 ? lanes : wasm_i16x8_shr(lanes, Fields<kQ4>::kBits * i);
      }
    }
    weights += 16 * kQuarters;
    next += kFields * kQuarters;
  }
}

// Two tokens by 16 rows: 8 sums, 4 registers of weights and 2 of activations
// leave one of the 15 that V8 hands out. No more than one step a turn, since V8
// moves the loads of a turn to its front.
PEDIGREE_VEC_INLINE void SumTwoTokens(
    const v128_t (&weights)[kBlockSteps][kQuarters], const Steps<2>& steps,
    v128_t (&sum)[2][kQuarters]) {
  PEDIGREE_UNROLL
  for (size_t t = 0; t < 2; ++t) {
    PEDIGREE_UNROLL
    for (size_t q = 0; q < kQuarters; ++q) {
      sum[t][q] = wasm_v128_load32_splat(&steps.start[t]);
    }
  }
  PEDIGREE_PAIRS_LOOP
  for (size_t step = 0; step < kBlockSteps; ++step) {
    PEDIGREE_UNROLL
    for (size_t t = 0; t < 2; ++t) {
      const v128_t y = wasm_v128_load32_splat(&steps.pairs[step][t]);
      PEDIGREE_UNROLL
      for (size_t q = 0; q < kQuarters; ++q) {
        sum[t][q] = wasm_i32x4_add(
            sum[t][q], wasm_i32x4_dot_i16x8(weights[step][q], y));
      }
    }
  }
}

// An even number of tokens: weights are taken apart once.
template <bool kQ4>
void TileManyTokens(const TileLayout& layout, const uint8_t* tile,
                    const ActivationBatch& x, const Chunk& chunk,
                    const Steps<2>* steps, float* totals) {
  v128_t weights[kBlockSteps][kQuarters];
  v128_t weight_scales[kQuarters];
  const size_t stride = x.blocks();
  const bool blocked = layout.units > 1;
  TileBlocks at(layout, tile, chunk.block);
  for (size_t block = 0; block < chunk.blocks; ++block, at.Next()) {
    TakeApart<kQ4>(at.weights(), weights);
    if (blocked) {
      for (size_t q = 0; q < kQuarters; ++q) {
        weight_scales[q] = QuarterScales(at.scales(), layout.half_scales, q);
      }
    }
    const float* scales =
        x.scales + chunk.token * stride + chunk.block + block;
    for (size_t token = 0; token < chunk.tokens; token += 2, ++steps) {
      v128_t sum[2][kQuarters];
      SumTwoTokens(weights, *steps, sum);
      PEDIGREE_UNROLL
      for (size_t t = 0; t < 2; ++t) {
        const v128_t scale =
            wasm_v128_load32_splat(scales + (token + t) * stride);
        float* to = totals + (token + t) * kTileRows;
        PEDIGREE_UNROLL
        for (size_t q = 0; q < kQuarters; ++q) {
          AddScaled(sum[t][q],
                    blocked ? wasm_f32x4_mul(scale, weight_scales[q]) : scale,
                    to + 4 * q);
        }
      }
    }
  }
}

template <bool kQ4>
void PrepareChunk(const ActivationBatch& x, const Chunk& chunk, Prepared& to) {
  const int8_t* first = x.integers + chunk.token * x.integer_stride +
                        chunk.block * kActivationBlock;
  if (chunk.tokens == 1) {
    for (size_t block = 0; block < chunk.blocks; ++block) {
      PrepareBlock<kQ4>(first + block * kActivationBlock, 0, to.one[block]);
    }
    return;
  }
  for (size_t block = 0; block < chunk.blocks; ++block) {
    for (size_t t = 0; t < chunk.tokens; ++t) {
      PrepareBlock<kQ4>(
          first + t * x.integer_stride + block * kActivationBlock, t % 2,
          to.two[(block * chunk.tokens + t) / 2]);
    }
  }
}

// The scales of a tile's rows.
PEDIGREE_VEC_INLINE F16 TileScales(const uint8_t* scales, bool halves) {
  return halves ? HalvesToFloats(scales)
                : Load(reinterpret_cast<const float*>(scales));
}

PEDIGREE_VEC_INLINE void CopyRows(const float* from, size_t rows, float* to) {
  if (rows == kTileRows) {
    Store(Load(from), to);
    return;
  }
  PEDIGREE_PAIRS_LOOP
  for (size_t row = 0; row < rows; ++row) to[row] = from[row];
}

// The chunk's part of the first `rows` rows from the tile `first` on: of `tiles`
// tiles, more than one only for one token, each `apart` tiles after the one before
// it. `out` holds the sums of the blocks before.
template <bool kQ4>
void TilesChunk(const TileLayout& layout, const uint8_t* first, size_t tiles,
                size_t apart, size_t rows, const ActivationBatch& x,
                const Chunk& chunk, const Prepared& prepared, float* out,
                size_t out_stride) {
  alignas(16) float totals[kGroupTokens * kTileRows] = {};
  const auto for_each = [&](auto work) {
    for (size_t t = 0; t < chunk.tokens; ++t) {
      for (size_t tile = 0; tile < tiles; ++tile) {
        const size_t row = tile * apart * kTileRows;
        const size_t left = rows - row;
        work(totals + (t * tiles + tile) * kTileRows,
             out + (chunk.token + t) * out_stride + row,
             left < kTileRows ? left : kTileRows, tile * apart);
      }
    }
  };
  if (chunk.block > 0) {
    for_each([](float* total, const float* to, size_t count, size_t) {
      CopyRows(to, count, total);
    });
  }
  if (chunk.tokens == 1) {
    TilesOneToken<kQ4>(layout, first, tiles, apart, x, chunk, prepared.one,
                       totals);
  } else {
    TileManyTokens<kQ4>(layout, first, x, chunk, prepared.two, totals);
  }
  const bool scaled =
      layout.units == 1 && chunk.block + chunk.blocks == x.blocks();
  const uint8_t* scales = first + layout.unit_blocks * layout.block_bytes;
  for_each([&](float* total, float* to, size_t count, size_t tile) {
    if (scaled) {
      Store(Load(total) * TileScales(scales + tile * layout.tile_bytes,
                                     layout.half_scales),
            total);
    }
    CopyRows(total, count, to);
  });
}

// Rows [begin_row, end_row) of the tiles at `tiles`, of which the first holds row
// begin_row.
template <bool kQ4>
void TilesMatMul(const TileLayout& layout, const uint8_t* tiles,
                 size_t begin_row, size_t end_row, const ActivationBatch& x,
                 float* out, size_t out_stride) {
  Prepared prepared;
  Chunk chunk;
  for (chunk.token = 0; chunk.token < x.tokens; chunk.token += chunk.tokens) {
    const size_t left = x.tokens - chunk.token;
    chunk.tokens = left >= kGroupTokens ? kGroupTokens
                   : left == 1          ? 1
                                        : left / 2 * 2;
    for (chunk.block = 0; chunk.block < x.blocks();
         chunk.block += chunk.blocks) {
      const size_t rest = x.blocks() - chunk.block;
      const size_t room = kPreparedBlocks / chunk.tokens;
      chunk.blocks = rest < room ? rest : room;
      PrepareChunk<kQ4>(x, chunk, prepared);
      size_t row = begin_row;
      const auto next_tiles = [&](size_t count, size_t apart) {
        TilesChunk<kQ4>(
            layout, tiles + (row - begin_row) / kTileRows * layout.tile_bytes,
            count, apart, end_row - row, x, chunk, prepared, out + row,
            out_stride);
        row += kTileRows;
      };
      if (chunk.tokens == 1) {
        const size_t apart = (end_row - begin_row) / kTileRows / kStreams;
        for (size_t i = 0; i < apart; ++i) next_tiles(kStreams, apart);
        row = begin_row + apart * kStreams * kTileRows;
      }
      while (row < end_row) next_tiles(1, 1);
    }
  }
}

// Weights that are not packed become so tile by tile, and activations are prepared
// for each tile anew.
template <bool kQ4>
void QuantizedMatMul(const TensorView& tensor, size_t begin_row, size_t end_row,
                     const ActivationBatch& x, float* out, size_t out_stride,
                     uint8_t* scratch) {
  const bool packed = tensor.packed != nullptr;
  const TileLayout layout =
      LayoutOfTiles(tensor, packed && tensor.packed_half_scales);
  if (packed) {
    TilesMatMul<kQ4>(layout,
                     tensor.packed + begin_row / kTileRows * layout.tile_bytes,
                     begin_row, end_row, x, out, out_stride);
    return;
  }
  for (size_t row = begin_row; row < end_row; row += kTileRows) {
    PackTile(tensor, layout, row / kTileRows, scratch);
    const size_t end = row + kTileRows;
    TilesMatMul<kQ4>(layout, scratch, row, end < end_row ? end : end_row, x,
                     out, out_stride);
  }
}

#undef PEDIGREE_PAIRS_LOOP
