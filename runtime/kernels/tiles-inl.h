// Quantized products over a target's Dot, whose integer sums have a row to a lane.
// Included by <target>.cc before kernels-inl.h; no include guard on purpose.
//
// The file that includes this one defines before:
//
//   struct Dot {
//     // Tokens and tiles that a quantized product keeps in registers.
//     static constexpr size_t kTokens, kTiles;
//     // Distant places that one token's weights are read from side by side. A
//     // single stream is fetched ahead; several are left to the processor's own
//     // prefetcher, which that would disturb.
//     static constexpr size_t kStreams;
//     // What Start must take off for each unit of activation, since stored
//     // weights are multiplied with a constant added.
//     static constexpr int32_t kQ8Bias, kQ4Bias;
//
//     struct Weights;  // 16 rows x 4 columns
//     struct Sum;      // 16 integer sums, perhaps in parts
//     static Weights LoadQ8(const uint8_t* tile);            // 64 bytes
//     static void LoadQ4(const uint8_t* tile, Weights& low, Weights& high);
//     // A sum that begins at the bias times the sum of a block's activations.
//     template <bool kQ4> static Sum Start(int32_t value);
//     // sum[r] += the 4 products of row r with x[0..4).
//     static void AddQ8(Sum& sum, const Weights& w, const int8_t* x);
//     static void AddQ4(Sum& sum, const Weights& w, const int8_t* x);
//     template <bool kQ4> static I16 Finish(const Sum& sum);
//     // 16 halves as floats.
//     static F16 LoadHalves(const uint8_t* halves);
//   };

// 16 scales.
PEDIGREE_VEC_INLINE F16 LoadScales(const uint8_t* scales, bool halves) {
  return halves ? Dot::LoadHalves(scales)
                : Load(reinterpret_cast<const float*>(scales));
}

// The sums of activation block `block` for kTokens tokens and kTiles tiles, whose
// weights lie tile_bytes apart.
template <bool kQ4, size_t kTiles, size_t kTokens>
PEDIGREE_VEC_INLINE void SumBlock(const uint8_t* weights, size_t tile_bytes,
                                  size_t block, size_t blocks,
                                  const ActivationBatch& x, size_t token,
                                  typename Dot::Sum (&sum)[kTiles][kTokens]) {
  const size_t offset = token * x.integer_stride + block * kActivationBlock;
  const int8_t* in = (kQ4 ? x.split_integers : x.integers) + offset;
  const int32_t* sums = x.sums + token * blocks + block;
  constexpr int32_t kBias = kQ4 ? Dot::kQ4Bias : Dot::kQ8Bias;
  // Unrolled, the compiler loads the weights of many groups at once and spills
  // sums where these fill most registers.
  constexpr size_t kGroups = kQ4 ? 4 : 8;
  constexpr size_t kGroupsAtOnce = kTokens * kTiles > 8 ? 1 : kGroups;
  PEDIGREE_UNROLL
  for (size_t t = 0; t < kTokens; ++t) {
    const int32_t start = kBias == 0 ? 0 : -kBias * sums[t * blocks];
    PEDIGREE_UNROLL
    for (size_t n = 0; n < kTiles; ++n) sum[n][t] = Dot::Start<kQ4>(start);
  }
  if constexpr (kQ4) {
#pragma clang loop unroll_count(kGroupsAtOnce)
    for (size_t group = 0; group < kGroups; ++group) {
      typename Dot::Weights low[kTiles];
      typename Dot::Weights high[kTiles];
      PEDIGREE_UNROLL
      for (size_t n = 0; n < kTiles; ++n) {
        Dot::LoadQ4(weights + n * tile_bytes + group * 64, low[n], high[n]);
      }
      PEDIGREE_UNROLL
      for (size_t t = 0; t < kTokens; ++t) {
        const int8_t* xt = in + t * x.integer_stride + group * 4;
        PEDIGREE_UNROLL
        for (size_t n = 0; n < kTiles; ++n) {
          Dot::AddQ4(sum[n][t], low[n], xt);
          Dot::AddQ4(sum[n][t], high[n], xt + 16);
        }
      }
    }
  } else {
#pragma clang loop unroll_count(kGroupsAtOnce)
    for (size_t group = 0; group < kGroups; ++group) {
      typename Dot::Weights w[kTiles];
      PEDIGREE_UNROLL
      for (size_t n = 0; n < kTiles; ++n) {
        w[n] = Dot::LoadQ8(weights + n * tile_bytes + group * 64);
      }
      PEDIGREE_UNROLL
      for (size_t t = 0; t < kTokens; ++t) {
        const int8_t* xt = in + t * x.integer_stride + group * 4;
        PEDIGREE_UNROLL
        for (size_t n = 0; n < kTiles; ++n) Dot::AddQ8(sum[n][t], w[n], xt);
      }
    }
  }
}

// What is multiplied a while after a block of kTiles tiles. The first tokens fetch
// it for all.
template <bool kQ4, size_t kTiles>
PEDIGREE_VEC_INLINE void FetchTiles(const uint8_t* weights, size_t tile_bytes) {
  if constexpr (Dot::kStreams > 1) return;
  // A block's weights and as many scales as it may have, in halves.
  constexpr size_t kBytes = kTileRows * (kActivationBlock / (kQ4 ? 2 : 1) + 2);
  PEDIGREE_UNROLL
  for (size_t n = 0; n < kTiles; ++n) {
    FetchAhead(weights + n * tile_bytes, kBytes);
  }
}

// out[t][0..rows) of kTiles tiles for tokens [token, token + kTokens): the one at
// `tiles`, and each `apart` tiles after the one before it.
template <bool kQ4, size_t kTiles, size_t kTokens>
PEDIGREE_VEC_INLINE void QuantizedTiles(const TileLayout& layout,
                                        const uint8_t* tiles, size_t apart,
                                        size_t rows, const ActivationBatch& x,
                                        size_t token, float* out,
                                        size_t out_stride) {
  F16 total[kTiles][kTokens];
  PEDIGREE_UNROLL
  for (size_t n = 0; n < kTiles; ++n) {
    PEDIGREE_UNROLL
    for (size_t t = 0; t < kTokens; ++t) total[n][t] = 0.0f;
  }
  const size_t blocks = x.blocks();
  const size_t tile_bytes = apart * layout.tile_bytes;
  const float* scales = x.scales + token * blocks;
  const uint8_t* next = tiles;
  if (layout.units == 1) {
    for (size_t block = 0; block < blocks; ++block) {
      typename Dot::Sum sum[kTiles][kTokens];
      if (token == 0) FetchTiles<kQ4, kTiles>(next, tile_bytes);
      SumBlock<kQ4>(next, tile_bytes, block, blocks, x, token, sum);
      next += layout.block_bytes;
      PEDIGREE_UNROLL
      for (size_t t = 0; t < kTokens; ++t) {
        const F16 scale = scales[t * blocks + block];
        PEDIGREE_UNROLL
        for (size_t n = 0; n < kTiles; ++n) {
          const F16 products =
              __builtin_convertvector(Dot::Finish<kQ4>(sum[n][t]), F16);
          total[n][t] = total[n][t] + products * scale;
        }
      }
    }
    PEDIGREE_UNROLL
    for (size_t n = 0; n < kTiles; ++n) {
      const F16 weight_scale =
          LoadScales(next + n * tile_bytes, layout.half_scales);
      PEDIGREE_UNROLL
      for (size_t t = 0; t < kTokens; ++t) total[n][t] *= weight_scale;
    }
  } else {
    const size_t scale_bytes =
        layout.unit_bytes - layout.unit_blocks * layout.block_bytes;
    const uint8_t* unit_scales = next + layout.unit_bytes - scale_bytes;
    for (size_t block = 0; block < blocks; ++block) {
      typename Dot::Sum sum[kTiles][kTokens];
      if (token == 0) FetchTiles<kQ4, kTiles>(next, tile_bytes);
      SumBlock<kQ4>(next, tile_bytes, block, blocks, x, token, sum);
      PEDIGREE_UNROLL
      for (size_t n = 0; n < kTiles; ++n) {
        const F16 weight_scale =
            LoadScales(unit_scales + n * tile_bytes, layout.half_scales);
        PEDIGREE_UNROLL
        for (size_t t = 0; t < kTokens; ++t) {
          const F16 scale = scales[t * blocks + block];
          const F16 products =
              __builtin_convertvector(Dot::Finish<kQ4>(sum[n][t]), F16);
          total[n][t] = total[n][t] + products * (scale * weight_scale);
        }
      }
      next += layout.block_bytes;
      if (next == unit_scales) {
        next += scale_bytes;
        unit_scales += layout.unit_bytes;
      }
    }
  }
  PEDIGREE_UNROLL
  for (size_t t = 0; t < kTokens; ++t) {
    PEDIGREE_UNROLL
    for (size_t n = 0; n < kTiles; ++n) {
      const size_t row = n * apart * kTileRows;
      float* to = out + (token + t) * out_stride + row;
      if (rows >= row + kTileRows) {
        Store(total[n][t], to);
      } else {
        StorePart(total[n][t], to, rows - row);
      }
    }
  }
}

// The same for all tokens, kTokens at a time.
template <bool kQ4, size_t kTiles>
void QuantizedTilesAllTokens(const TileLayout& layout, const uint8_t* tiles,
                             size_t rows, const ActivationBatch& x, float* out,
                             size_t out_stride) {
  size_t token = 0;
  for (; token + Dot::kTokens <= x.tokens; token += Dot::kTokens) {
    QuantizedTiles<kQ4, kTiles, Dot::kTokens>(layout, tiles, 1, rows, x, token,
                                              out, out_stride);
  }
  if constexpr (Dot::kTokens > 4) {
    for (; token + 4 <= x.tokens; token += 4) {
      QuantizedTiles<kQ4, kTiles, 4>(layout, tiles, 1, rows, x, token, out,
                                     out_stride);
    }
  }
  for (; token + 2 <= x.tokens; token += 2) {
    QuantizedTiles<kQ4, kTiles, 2>(layout, tiles, 1, rows, x, token, out,
                                   out_stride);
  }
  if (token < x.tokens) {
    QuantizedTiles<kQ4, kTiles, 1>(layout, tiles, 1, rows, x, token, out,
                                   out_stride);
  }
}

template <bool kQ4>
void QuantizedMatMul(const TensorView& tensor, size_t begin_row, size_t end_row,
                     const ActivationBatch& x, float* out, size_t out_stride,
                     uint8_t* scratch) {
  const bool packed = tensor.packed != nullptr;
  const TileLayout layout =
      LayoutOfTiles(tensor, packed && tensor.packed_half_scales);
  size_t row = begin_row;
  if constexpr (Dot::kStreams > 1) {
    if (packed && x.tokens == 1) {
      const size_t apart = (end_row - begin_row) / kTileRows / Dot::kStreams;
      for (size_t i = 0; i < apart; ++i, row += kTileRows) {
        QuantizedTiles<kQ4, Dot::kStreams, 1>(
            layout, tensor.packed + row / kTileRows * layout.tile_bytes, apart,
            end_row - row, x, 0, out + row, out_stride);
      }
      row = begin_row + apart * Dot::kStreams * kTileRows;
    }
  }
  // One token: front to back. More: as many tiles as fit.
  constexpr size_t kTiles = Dot::kTiles;
  const bool wide = packed && kTiles > 1 && x.tokens > 1;
  while (row < end_row) {
    const size_t index = row / kTileRows;
    const uint8_t* tiles = scratch;
    if (packed) {
      tiles = tensor.packed + index * layout.tile_bytes;
    } else {
      PackTile(tensor, layout, index, scratch);
    }
    const size_t rows = end_row - row;
    if (wide && rows > (kTiles - 1) * kTileRows) {
      QuantizedTilesAllTokens<kQ4, kTiles>(layout, tiles, rows, x, out + row,
                                           out_stride);
      row += kTiles * kTileRows;
    } else {
      QuantizedTilesAllTokens<kQ4, 1>(layout, tiles, rows, x, out + row,
                                      out_stride);
      row += kTileRows;
    }
  }
}

// Independent chains, as many as hide an instruction's latency.
uint64_t MultiplyInRegisters(size_t iterations) {
  constexpr size_t kChains = 10;
  alignas(64) uint8_t bytes[64];
  for (size_t i = 0; i < sizeof(bytes); ++i) bytes[i] = 1;
  const typename Dot::Weights w = Dot::LoadQ8(bytes);
  typename Dot::Sum sums[kChains];
  PEDIGREE_UNROLL
  for (size_t i = 0; i < kChains; ++i) sums[i] = Dot::Start<false>(0);
  int8_t x[4] = {1, 1, 1, 1};
  for (size_t n = 0; n < iterations; ++n) {
    // New activations, for all the compiler knows: it can neither fold the loop
    // into one multiplication nor take what is done to them out of it.
    asm volatile("" : "+m"(x));
    PEDIGREE_UNROLL
    for (size_t i = 0; i < kChains; ++i) Dot::AddQ8(sums[i], w, x);
  }
  PEDIGREE_UNROLL
  for (size_t i = 0; i < kChains; ++i) {
    const I16 result = Dot::Finish<false>(sums[i]);
    asm volatile("" : : "m"(result));
  }
  return uint64_t{iterations} * kChains * kTileRows * 4;
}
