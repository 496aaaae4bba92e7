// The kernels of one target, over its quantized products and Dot. Included, inside
// an anonymous namespace and the region that enables the target's instructions,
// by each <target>.cc; no include guard on purpose.
//
// The file that includes this one defines before, or includes tiles-inl.h, which
// does:
//
//   struct Dot {
//     // One token's rows of f32 are read from distant places side by side, not
//     // one after the other.
//     static constexpr bool kF32Apart;
//     // Tokens of an f32 product and lanes that it sums at a time; queries of
//     // attention, and the vectors of keys and of values that they meet at once.
//     static constexpr size_t kF32Tokens, kF32Lanes;
//     static constexpr size_t kQueries, kKeyBlocks, kValueVectors;
//   };
//   // Kernels::mat_mul for quantized weights that HasTiles.
//   template <bool kQ4>
//   void QuantizedMatMul(const TensorView& tensor, size_t begin_row,
//                        size_t end_row, const ActivationBatch& x, float* out,
//                        size_t out_stride, uint8_t* scratch);
//   // Kernels::multiply_in_registers.
//   MultiplyInRegisters

// --- f32 products ----------------------------------------------------------

inline constexpr size_t kF32Rows = 4;

// The share of the next rows that is fetched while a few tokens meet these: the
// first tokens would wait for memory otherwise, longer than the others compute.
struct F32Ahead {
  const float* next = nullptr;
  size_t step = 0;  // floats for every kLanes columns
};

// Lanes that are summed side by side, and columns after which the next lanes have
// their turn: what these take stays in the first-level cache.
typedef float F32Part __attribute__((ext_vector_type(Dot::kF32Lanes)));
inline constexpr size_t kF32PieceColumns = 1024;

// Adds lanes [lane, lane + kF32Lanes) of every kLanes columns of [begin, end) to the
// partial sums of kF32Rows rows and kTokens tokens.
template <size_t kTokens>
PEDIGREE_VEC_INLINE void AddF32Lanes(const float* const (&rows)[kF32Rows],
                                     const float* x, size_t x_stride,
                                     size_t lane, size_t begin, size_t end,
                                     F32Ahead& ahead,
                                     F16 (&sum)[kF32Rows][kTokens]) {
  const auto lanes_of = [lane](auto& vector) {
    return reinterpret_cast<char*>(&vector) + lane * sizeof(float);
  };
  F32Part part[kF32Rows][kTokens];
  PEDIGREE_UNROLL
  for (size_t r = 0; r < kF32Rows; ++r) {
    PEDIGREE_UNROLL
    for (size_t t = 0; t < kTokens; ++t) {
      __builtin_memcpy(&part[r][t], lanes_of(sum[r][t]), sizeof(F32Part));
    }
  }
  for (size_t i = begin + lane; i < end; i += kLanes) {
    F32Part w[kF32Rows];
    PEDIGREE_UNROLL
    for (size_t r = 0; r < kF32Rows; ++r) {
      __builtin_memcpy(&w[r], rows[r] + i, sizeof(F32Part));
    }
    if (lane == 0) {
      FetchLine(ahead.next);
      ahead.next += ahead.step;
    }
    PEDIGREE_UNROLL
    for (size_t t = 0; t < kTokens; ++t) {
      F32Part xt;
      __builtin_memcpy(&xt, x + t * x_stride + i, sizeof(xt));
      PEDIGREE_UNROLL
      for (size_t r = 0; r < kF32Rows; ++r) {
        part[r][t] = part[r][t] + w[r] * xt;
      }
    }
  }
  PEDIGREE_UNROLL
  for (size_t r = 0; r < kF32Rows; ++r) {
    PEDIGREE_UNROLL
    for (size_t t = 0; t < kTokens; ++t) {
      __builtin_memcpy(lanes_of(sum[r][t]), &part[r][t], sizeof(F32Part));
    }
  }
}

// The partial sums of kF32Rows rows and kTokens tokens.
template <size_t kTokens>
PEDIGREE_VEC_INLINE void F32Tile(const float* const (&rows)[kF32Rows],
                                 size_t columns, const float* x,
                                 size_t x_stride, F32Ahead ahead,
                                 F16 (&sum)[kF32Rows][kTokens]) {
  PEDIGREE_UNROLL
  for (size_t r = 0; r < kF32Rows; ++r) {
    PEDIGREE_UNROLL
    for (size_t t = 0; t < kTokens; ++t) sum[r][t] = 0.0f;
  }
  const size_t whole = columns / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kF32PieceColumns) {
    const size_t end =
        whole - i < kF32PieceColumns ? whole : i + kF32PieceColumns;
    PEDIGREE_UNROLL
    for (size_t lane = 0; lane < kLanes; lane += Dot::kF32Lanes) {
      AddF32Lanes(rows, x, x_stride, lane, i, end, ahead, sum);
    }
  }
  if (whole == columns) return;
  PEDIGREE_UNROLL
  for (size_t t = 0; t < kTokens; ++t) {
    const F16 xt = LoadPart(x + t * x_stride + whole, columns - whole);
    PEDIGREE_UNROLL
    for (size_t r = 0; r < kF32Rows; ++r) {
      sum[r][t] = sum[r][t] + LoadPart(rows[r] + whole, columns - whole) * xt;
    }
  }
}

// kF32Rows rows, each `apart` rows after the one before it; past `count` the last
// one again, which is not stored.
struct F32Group {
  const float* rows[kF32Rows];
  size_t count;
  size_t apart;
};

template <size_t kTokens>
PEDIGREE_VEC_INLINE void F32Rows(const F32Group& group,
                                 const ActivationBatch& x, size_t token,
                                 F32Ahead ahead, float* out,
                                 size_t out_stride) {
  F16 sum[kF32Rows][kTokens];
  const float* in = x.values + token * x.value_stride;
  F32Tile(group.rows, x.columns, in, x.value_stride, ahead, sum);
  PEDIGREE_UNROLL
  for (size_t t = 0; t < kTokens; ++t) {
    const F4 folded = Fold4(sum[0][t], sum[1][t], sum[2][t], sum[3][t]);
    float* to = out + (token + t) * out_stride;
    if (group.apart > 1) {
      PEDIGREE_UNROLL
      for (size_t r = 0; r < kF32Rows; ++r) to[r * group.apart] = folded[r];
    } else if (group.count == kF32Rows) {
      // Not one copy of either size, which would be a call.
      __builtin_memcpy(to, &folded, sizeof(folded));
    } else {
      __builtin_memcpy(to, &folded, group.count * sizeof(float));
    }
  }
}

// All tokens; on the way the group after this one is fetched, where there is one.
void F32AllTokens(const F32Group& group, bool fetch_next,
                  const ActivationBatch& x, float* out, size_t out_stride) {
  // Roughly: what is left over by the tiles of most tokens is few.
  const size_t groups = x.tokens / Dot::kF32Tokens + 1;
  F32Ahead ahead = {group.rows[0], 0};
  if (fetch_next) {
    ahead = {group.rows[0] + kF32Rows * x.columns,
             kF32Rows * kLanes / groups};
  }
  const auto next_tokens = [&ahead, &x] {
    const F32Ahead share = ahead;
    ahead.next += x.columns / kLanes * ahead.step;
    return share;
  };
  size_t token = 0;
  for (; token + Dot::kF32Tokens <= x.tokens; token += Dot::kF32Tokens) {
    F32Rows<Dot::kF32Tokens>(group, x, token, next_tokens(), out, out_stride);
  }
  if constexpr (Dot::kF32Tokens > 4) {
    for (; token + 4 <= x.tokens; token += 4) {
      F32Rows<4>(group, x, token, next_tokens(), out, out_stride);
    }
  }
  if constexpr (Dot::kF32Tokens > 1) {
    for (; token < x.tokens; ++token) {
      F32Rows<1>(group, x, token, next_tokens(), out, out_stride);
    }
  }
}

// One token, its weights as one stream: a row after the other.
PEDIGREE_VEC_INLINE void F32RowByRow(const float* weights, size_t begin_row,
                                     size_t end_row, const ActivationBatch& x,
                                     float* out) {
  for (size_t row = begin_row; row < end_row; row += kF32Rows) {
    const size_t count = end_row - row < kF32Rows ? end_row - row : kF32Rows;
    F16 sum[kF32Rows];
    for (size_t r = 0; r < kF32Rows; ++r) sum[r] = 0.0f;
    for (size_t r = 0; r < count; ++r) {
      const float* weight = weights + (row + r) * x.columns;
      F16 total = 0.0f;
      size_t i = 0;
      for (; i + kLanes <= x.columns; i += kLanes) {
        FetchAhead(weight + i, sizeof(F16));
        total = total + Load(weight + i) * Load(x.values + i);
      }
      if (i < x.columns) {
        total = total + LoadPart(weight + i, x.columns - i) *
                            LoadPart(x.values + i, x.columns - i);
      }
      sum[r] = total;
    }
    const F4 folded = Fold4(sum[0], sum[1], sum[2], sum[3]);
    // Not one copy of either size, which would be a call.
    if (count == kF32Rows) {
      __builtin_memcpy(out + row, &folded, sizeof(folded));
    } else {
      __builtin_memcpy(out + row, &folded, count * sizeof(float));
    }
  }
}

void F32MatMul(const TensorView& tensor, size_t begin_row, size_t end_row,
               const ActivationBatch& x, float* out, size_t out_stride) {
  const float* weights = reinterpret_cast<const float*>(
      tensor.packed != nullptr ? tensor.packed : tensor.payload);
  const auto group_at = [weights, &x](size_t row, size_t count, size_t apart) {
    F32Group group = {{}, count, apart};
    for (size_t r = 0; r < kF32Rows; ++r) {
      const size_t index = r < count ? r : count - 1;
      group.rows[r] = weights + (row + index * apart) * x.columns;
    }
    return group;
  };
  size_t row = begin_row;
  if (x.tokens == 1) {
    if constexpr (!Dot::kF32Apart) {
      F32RowByRow(weights, begin_row, end_row, x, out);
      return;
    }
    const size_t apart = (end_row - begin_row) / kF32Rows;
    for (; row < begin_row + apart; ++row) {
      F32AllTokens(group_at(row, kF32Rows, apart), false, x, out + row,
                   out_stride);
    }
    row = begin_row + apart * kF32Rows;
  }
  for (; row < end_row; row += kF32Rows) {
    const size_t left = end_row - row;
    F32AllTokens(group_at(row, left < kF32Rows ? left : kF32Rows, 1),
                 left >= 2 * kF32Rows, x, out + row, out_stride);
  }
}

void MatMul(const TensorView& tensor, size_t begin_row, size_t end_row,
            const ActivationBatch& x, float* out, size_t out_stride,
            uint8_t* tile) {
  if (tensor.dtype == DType::kF32) {
    F32MatMul(tensor, begin_row, end_row, x, out, out_stride);
  } else if (!HasTiles(tensor)) {
    ScalarMatMul(tensor, begin_row, end_row, x, out, out_stride, tile);
  } else if (tensor.dtype == DType::kQ4_0) {
    QuantizedMatMul<true>(tensor, begin_row, end_row, x, out, out_stride,
                          tile);
  } else {
    QuantizedMatMul<false>(tensor, begin_row, end_row, x, out, out_stride,
                           tile);
  }
}

// --- Quantizing activations ------------------------------------------------

PEDIGREE_VEC_INLINE void QuantizeBlock(F16 first, F16 second, size_t block,
                                       const QuantizedRow& to) {
  const float largest = MaxLane(Max(Abs(first), Abs(second)));
  I16 a = 0;
  I16 b = 0;
  float scale = 1.0f;
  if (largest >= kSmallestActivation) {
    scale = largest / 127.0f;
    const float inverse = 1.0f / scale;
    // The sum's low bits are the integer: no conversion that a NaN could upset.
    a = Bits(first * inverse + kRounder) - kRounderBits;
    b = Bits(second * inverse + kRounder) - kRounderBits;
  }
  to.scales[block] = scale;
  if (to.sums != nullptr) to.sums[block] = __builtin_reduce_add(a + b);
  const Byte16 low = __builtin_convertvector(a, Byte16);
  const Byte16 high = __builtin_convertvector(b, Byte16);
  int8_t* integers = to.integers + block * kActivationBlock;
  __builtin_memcpy(integers, &low, sizeof(low));
  __builtin_memcpy(integers + 16, &high, sizeof(high));
  if (to.split_integers == nullptr) return;
  const Byte16 even =
      __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
                              22, 24, 26, 28, 30);
  const Byte16 odd =
      __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21,
                              23, 25, 27, 29, 31);
  int8_t* split = to.split_integers + block * kActivationBlock;
  __builtin_memcpy(split, &even, sizeof(even));
  __builtin_memcpy(split + 16, &odd, sizeof(odd));
}

void Quantize(const float* x, size_t begin, size_t end,
              const QuantizedRow& to) {
  size_t i = begin;
  for (; i + kActivationBlock <= end; i += kActivationBlock) {
    QuantizeBlock(Load(x + i), Load(x + i + 16), i / kActivationBlock, to);
  }
  if (i == end) return;
  const size_t left = end - i;
  QuantizeBlock(LoadPart(x + i, left < 16 ? left : 16),
                left <= 16 ? F16(0.0f) : LoadPart(x + i + 16, left - 16),
                i / kActivationBlock, to);
}

// --- Norms, gates, sums ----------------------------------------------------

bool RmsNorm(const float* x, const float* weight, float epsilon, size_t size,
             float* out) {
  F16 sum = 0.0f;
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const F16 v = Load(x + i);
    sum = sum + v * v;
  }
  if (i < size) {
    const F16 v = LoadPart(x + i, size - i);
    sum = sum + v * v;
  }
  const float mean = Fold(sum) / static_cast<float>(size);
  if (!IsFinite(mean)) return false;
  const float scale = 1.0f / SqrtF(mean + epsilon);
  I16 bad = 0;
  for (i = 0; i + kLanes <= size; i += kLanes) {
    const F16 v = (Load(x + i) * scale) * Load(weight + i);
    bad |= NotFinite(v);
    Store(v, out + i);
  }
  if (i < size) {
    const size_t left = size - i;
    const F16 v = (LoadPart(x + i, left) * scale) * LoadPart(weight + i, left);
    bad |= NotFinite(v);
    StorePart(v, out + i, left);
  }
  return !AnyLane(bad);
}

PEDIGREE_VEC_INLINE F16 SwiGluLanes(F16 gate, F16 up, I16& bad) {
  const F16 result = (gate / (1.0f + ExpF16(-gate))) * up;
  bad |= NotFinite(gate) | NotFinite(up) | NotFinite(result);
  return result;
}

bool SwiGlu(float* gate, const float* up, size_t size) {
  I16 bad = 0;
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    Store(SwiGluLanes(Load(gate + i), Load(up + i), bad), gate + i);
  }
  if (i < size) {
    const size_t left = size - i;
    StorePart(
        SwiGluLanes(LoadPart(gate + i, left), LoadPart(up + i, left), bad),
        gate + i, left);
  }
  return !AnyLane(bad);
}

bool Add(float* x, const float* delta, size_t size) {
  I16 bad = 0;
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const F16 v = Load(x + i) + Load(delta + i);
    bad |= NotFinite(v);
    Store(v, x + i);
  }
  if (i < size) {
    const size_t left = size - i;
    const F16 v = LoadPart(x + i, left) + LoadPart(delta + i, left);
    bad |= NotFinite(v);
    StorePart(v, x + i, left);
  }
  return !AnyLane(bad);
}

bool Finite(const float* x, size_t size) {
  I16 bad = 0;
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) bad |= NotFinite(Load(x + i));
  if (i < size) bad |= NotFinite(LoadPart(x + i, size - i));
  return !AnyLane(bad);
}

// Sixteen pairs at a time, as even and odd lanes.
bool Rope(float* head, const float* cosines, const float* sines,
          size_t pairs) {
  I16 bad = 0;
  for (size_t i = 0; i < pairs; i += kLanes) {
    const size_t count = pairs - i < kLanes ? pairs - i : kLanes;
    float* lanes = head + 2 * i;
    const size_t in_low = 2 * count < kLanes ? 2 * count : kLanes;
    const size_t in_high = 2 * count - in_low;
    const F16 low = LoadPart(lanes, in_low);
    F16 high = 0.0f;
    if (in_high > 0) high = LoadPart(lanes + kLanes, in_high);
    const F16 a = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14,
                                          16, 18, 20, 22, 24, 26, 28, 30);
    const F16 b = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15,
                                          17, 19, 21, 23, 25, 27, 29, 31);
    const F16 c = LoadPart(cosines + i, count);
    const F16 s = LoadPart(sines + i, count);
    const F16 even = a * c - b * s;
    const F16 odd = a * s + b * c;
    bad |= NotFinite(even) | NotFinite(odd);
    StorePart(__builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4,
                                      20, 5, 21, 6, 22, 7, 23),
              lanes, in_low);
    if (in_high == 0) continue;
    StorePart(__builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27,
                                      12, 28, 13, 29, 14, 30, 15, 31),
              lanes + kLanes, in_high);
  }
  return !AnyLane(bad);
}

// --- Attention -------------------------------------------------------------

// scores[q][16 * block ...] for kQueries queries and kBlocks blocks of keys.
template <size_t kQueries, size_t kBlocks>
PEDIGREE_VEC_INLINE void ScoreBlocks(const AttentionHead& head, size_t query,
                                     size_t block) {
  const size_t block_floats = head.head_dim * kLanes;
  const float* keys = head.keys + block * block_floats;
  const float* queries = head.queries + query * head.query_stride;
  F16 sum[kQueries][kBlocks];
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQueries; ++q) {
    PEDIGREE_UNROLL
    for (size_t b = 0; b < kBlocks; ++b) sum[q][b] = 0.0f;
  }
  for (size_t i = 0; i < head.head_dim; ++i) {
    F16 key[kBlocks];
    PEDIGREE_UNROLL
    for (size_t b = 0; b < kBlocks; ++b) {
      key[b] = Load(keys + b * block_floats + i * kLanes);
    }
    PEDIGREE_UNROLL
    for (size_t q = 0; q < kQueries; ++q) {
      const F16 value = queries[q * head.query_stride + i];
      PEDIGREE_UNROLL
      for (size_t b = 0; b < kBlocks; ++b) {
        sum[q][b] = sum[q][b] + value * key[b];
      }
    }
  }
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQueries; ++q) {
    PEDIGREE_UNROLL
    for (size_t b = 0; b < kBlocks; ++b) {
      Store(sum[q][b] * head.scale, head.scores +
                                        (query + q) * head.score_stride +
                                        (block + b) * kLanes);
    }
  }
}

// Scores of kQueries queries against blocks [0, blocks).
template <size_t kQueries>
void ScoreQueries(const AttentionHead& head, size_t query, size_t blocks) {
  constexpr size_t kBlocks = kQueries == 1 ? 4 : Dot::kKeyBlocks;
  size_t block = 0;
  for (; block + kBlocks <= blocks; block += kBlocks) {
    ScoreBlocks<kQueries, kBlocks>(head, query, block);
  }
  for (; block < blocks; ++block) {
    ScoreBlocks<kQueries, 1>(head, query, block);
  }
}

// Softmax of `count` scores, with room for whole vectors. False when a score is
// not finite.
bool SoftmaxRow(float* x, size_t count) {
  // Lanes behind the last score become the lowest value there is.
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = count; i < whole + kLanes && count != whole; ++i) {
    x[i] = -__builtin_inff();
  }
  F16 largest = x[0];
  I16 bad = 0;
  for (size_t i = 0; i < whole; i += kLanes) {
    const F16 v = Load(x + i);
    bad |= NotFinite(v);
    largest = Max(v, largest);
  }
  if (whole < count) {
    bad |= NotFinite(LoadPart(x + whole, count - whole));
    largest = Max(Load(x + whole), largest);
  }
  if (AnyLane(bad)) return false;
  const F16 top = MaxLane(largest);
  F16 sum = 0.0f;
  for (size_t i = 0; i < count; i += kLanes) {
    // e^-infinity is the +0 that a strided sum may be filled up with.
    const F16 e = ExpF16(Load(x + i) - top);
    sum = sum + e;
    Store(e, x + i);
  }
  const float inverse = 1.0f / Fold(sum);
  for (size_t i = 0; i < count; i += kLanes) {
    Store(Load(x + i) * inverse, x + i);
  }
  return true;
}

// Adds weight[q][t] * value[t] for t in [begin, end) to out[q], kVectors
// vectors of the head from `column` on.
template <size_t kQueries, size_t kVectors>
PEDIGREE_VEC_INLINE void MixValues(const AttentionHead& head, size_t query,
                                   size_t column, size_t begin, size_t end,
                                   F16 (&sum)[kQueries][kVectors]) {
  const float* weights = head.scores + query * head.score_stride;
  for (size_t t = begin; t < end; ++t) {
    const float* value = head.values + t * head.head_dim + column;
    F16 v[kVectors];
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) v[c] = Load(value + c * kLanes);
    PEDIGREE_UNROLL
    for (size_t q = 0; q < kQueries; ++q) {
      const F16 weight = weights[q * head.score_stride + t];
      PEDIGREE_UNROLL
      for (size_t c = 0; c < kVectors; ++c) {
        sum[q][c] = sum[q][c] + weight * v[c];
      }
    }
  }
}

// The outputs of kQueries queries, kVectors vectors from `column` on. Queries
// share the values that all of them see; each then goes on by itself.
template <size_t kQueries, size_t kVectors>
bool MixQueries(const AttentionHead& head, size_t query, size_t column) {
  F16 sum[kQueries][kVectors];
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQueries; ++q) {
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) sum[q][c] = 0.0f;
  }
  const size_t shared = head.first_position + query + 1;
  MixValues(head, query, column, 0, shared, sum);
  I16 bad = 0;
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQueries; ++q) {
    F16 own[1][kVectors];
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) own[0][c] = sum[q][c];
    if (q > 0) {
      MixValues(head, query + q, column, shared, shared + q, own);
    }
    float* out = head.out + (query + q) * head.out_stride + column;
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) {
      bad |= NotFinite(own[0][c]);
      Store(own[0][c], out + c * kLanes);
    }
  }
  return !AnyLane(bad);
}

// The same for columns that do not fill a vector: as many as V, F8, F4 or a
// float, has lanes.
template <typename V, size_t kQueries>
bool MixNarrow(const AttentionHead& head, size_t query, size_t column) {
  V sum[kQueries];
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQueries; ++q) sum[q] = 0.0f;
  const float* weights = head.scores + query * head.score_stride;
  const auto value = [&](size_t t) {
    V v;
    __builtin_memcpy(&v, head.values + t * head.head_dim + column, sizeof(v));
    return v;
  };
  const size_t shared = head.first_position + query + 1;
  for (size_t t = 0; t < shared; ++t) {
    const V v = value(t);
    PEDIGREE_UNROLL
    for (size_t q = 0; q < kQueries; ++q) {
      sum[q] = sum[q] + weights[q * head.score_stride + t] * v;
    }
  }
  bool finite = true;
  PEDIGREE_UNROLL
  for (size_t q = 0; q < kQueries; ++q) {
    V own = sum[q];
    for (size_t t = shared; t < shared + q; ++t) {
      own = own + weights[q * head.score_stride + t] * value(t);
    }
    float* out = head.out + (query + q) * head.out_stride + column;
    __builtin_memcpy(out, &own, sizeof(own));
    for (size_t i = 0; i < sizeof(own) / sizeof(float); ++i) {
      finite &= (__builtin_bit_cast(uint32_t, out[i]) & 0x7f800000) !=
                0x7f800000;
    }
  }
  return finite;
}

template <typename V>
bool MixNarrowQueries(const AttentionHead& head, size_t column) {
  bool finite = true;
  size_t query = 0;
  for (; query + Dot::kQueries <= head.tokens; query += Dot::kQueries) {
    finite &= MixNarrow<V, Dot::kQueries>(head, query, column);
  }
  for (; query < head.tokens; ++query) {
    finite &= MixNarrow<V, 1>(head, query, column);
  }
  return finite;
}

// The columns from `column` on, fewer than fill a vector.
bool MixTail(const AttentionHead& head, size_t column) {
  bool finite = true;
  if (column + 8 <= head.head_dim) {
    finite &= MixNarrowQueries<F8>(head, column);
    column += 8;
  }
  if (column + 4 <= head.head_dim) {
    finite &= MixNarrowQueries<F4>(head, column);
    column += 4;
  }
  for (; column < head.head_dim; ++column) {
    finite &= MixNarrowQueries<float>(head, column);
  }
  return finite;
}

AttentionResult Attend(const AttentionHead& head) {
  size_t query = 0;
  const auto blocks_of = [&head](size_t last_query) {
    return (head.first_position + last_query) / kLanes + 1;
  };
  for (; query + Dot::kQueries <= head.tokens; query += Dot::kQueries) {
    ScoreQueries<Dot::kQueries>(head, query,
                                blocks_of(query + Dot::kQueries - 1));
  }
  for (; query < head.tokens; ++query) {
    ScoreQueries<1>(head, query, blocks_of(query));
  }
  for (query = 0; query < head.tokens; ++query) {
    if (!SoftmaxRow(head.scores + query * head.score_stride,
                    head.first_position + query + 1)) {
      return AttentionResult::kScoresNotFinite;
    }
  }
  bool finite = true;
  query = 0;
  const size_t whole = head.head_dim / kLanes * kLanes;
  for (; query + Dot::kQueries <= head.tokens; query += Dot::kQueries) {
    size_t column = 0;
    constexpr size_t kVectors = Dot::kValueVectors;
    for (; column + kVectors * kLanes <= whole; column += kVectors * kLanes) {
      finite &= MixQueries<Dot::kQueries, kVectors>(head, query, column);
    }
    if constexpr (kVectors > 1) {
      for (; column < whole; column += kLanes) {
        finite &= MixQueries<Dot::kQueries, 1>(head, query, column);
      }
    }
  }
  for (; query < head.tokens; ++query) {
    size_t column = 0;
    for (; column + 4 * kLanes <= whole; column += 4 * kLanes) {
      finite &= MixQueries<1, 4>(head, query, column);
    }
    for (; column < whole; column += kLanes) {
      finite &= MixQueries<1, 1>(head, query, column);
    }
  }
  finite &= MixTail(head, whole);
  return finite ? AttentionResult::kOk : AttentionResult::kOutputNotFinite;
}

// --- Choosing --------------------------------------------------------------

size_t ArgMax(const float* x, size_t size) {
  const size_t whole = size / kLanes * kLanes;
  float largest = x[0];
  if (whole > 0) {
    F16 lanes = Load(x);
    for (size_t i = kLanes; i < whole; i += kLanes) {
      lanes = Max(Load(x + i), lanes);
    }
    largest = MaxLane(lanes);
  }
  for (size_t i = whole; i < size; ++i) {
    if (x[i] > largest) largest = x[i];
  }
  size_t i = 0;
  while (x[i] != largest) ++i;
  return i;
}

constexpr Kernels MakeKernels(Target target) {
  return {target, MatMul, Quantize, RmsNorm, SwiGlu,
          Add,    Rope,   Finite,   Attend,  ArgMax, MultiplyInRegisters};
}
