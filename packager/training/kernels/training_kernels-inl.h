// The training kernels of one target, on the vectors of
// runtime/kernels/vec16-inl.h. Included after it, inside an anonymous namespace
// and the region that enables the target's instructions, by each <target>.cc; no
// include guard on purpose.
//
// The file that includes this one defines before:
//
//   struct Tile {
//     // Rows and vectors of sums that fit the registers.
//     static constexpr size_t kRows, kVectors;
//   };

#define PEDIGREE_UNROLL _Pragma("clang loop unroll(full)")

// --- Products --------------------------------------------------------------

// Inner indices that are summed before the sums go to memory and back: the part
// of `b` under a tile then stays in the first cache.
inline constexpr size_t kInnerBlock = 64;

// A block of inner indices, and where its sums start.
struct InnerBlock {
  const float* a;
  const float* b;
  size_t size;
  bool add;
};

// The vector of columns at `p`: all of it, or the first `count`.
template <bool kPart>
PEDIGREE_VEC_INLINE F16 LoadColumns(const float* p, size_t count) {
  return kPart ? LoadPart(p, count) : Load(p);
}

template <size_t kRows, size_t kVectors, bool kPart>
PEDIGREE_VEC_INLINE void OuterTile(const OuterProducts& p,
                                   const InnerBlock& block, size_t row,
                                   size_t column, size_t count) {
  F16 sum[kRows][kVectors];
  float* const out = p.out + row * p.out_stride + column;
  PEDIGREE_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) {
      sum[r][c] = 0.0f;
      if (block.add) {
        sum[r][c] =
            LoadColumns<kPart>(out + r * p.out_stride + c * kLanes, count);
      }
    }
  }
  const float* a = block.a + row * p.a_row_stride;
  const float* b = block.b + column;
  for (size_t k = 0; k < block.size; ++k) {
    F16 vectors[kVectors];
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) {
      vectors[c] = LoadColumns<kPart>(b + c * kLanes, count);
    }
    PEDIGREE_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      const F16 factor = a[r * p.a_row_stride];
      PEDIGREE_UNROLL
      for (size_t c = 0; c < kVectors; ++c) {
        sum[r][c] = sum[r][c] + factor * vectors[c];
      }
    }
    a += p.a_inner_stride;
    b += p.b_stride;
  }
  PEDIGREE_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    PEDIGREE_UNROLL
    for (size_t c = 0; c < kVectors; ++c) {
      float* to = out + r * p.out_stride + c * kLanes;
      if constexpr (kPart) {
        StorePart(sum[r][c], to, count);
      } else {
        Store(sum[r][c], to);
      }
    }
  }
}

// `rows` < kRows rows from `row` on.
template <size_t kRows, size_t kVectors, bool kPart>
void LastRows(const OuterProducts& p, const InnerBlock& block, size_t row,
              size_t rows, size_t column, size_t count) {
  if constexpr (kRows > 1) {
    if (rows == kRows - 1) {
      OuterTile<kRows - 1, kVectors, kPart>(p, block, row, column, count);
    } else {
      LastRows<kRows - 1, kVectors, kPart>(p, block, row, rows, column, count);
    }
  }
}

template <size_t kVectors, bool kPart>
void OuterPanel(const OuterProducts& p, const InnerBlock& block, size_t column,
                size_t count) {
  size_t row = 0;
  for (; row + Tile::kRows <= p.rows; row += Tile::kRows) {
    OuterTile<Tile::kRows, kVectors, kPart>(p, block, row, column, count);
  }
  if (row < p.rows) {
    LastRows<Tile::kRows, kVectors, kPart>(p, block, row, p.rows - row, column,
                                           count);
  }
}

// `vectors` <= kVectors whole vectors from `column` on.
template <size_t kVectors>
void OuterPanels(const OuterProducts& p, const InnerBlock& block,
                 size_t column, size_t vectors) {
  if constexpr (kVectors > 0) {
    if (vectors == kVectors) {
      OuterPanel<kVectors, false>(p, block, column, kLanes);
    } else {
      OuterPanels<kVectors - 1>(p, block, column, vectors);
    }
  }
}

void OuterBlock(const OuterProducts& p, const InnerBlock& block) {
  const size_t vectors = p.columns / kLanes;
  for (size_t first = 0; first < vectors; first += Tile::kVectors) {
    const size_t left = vectors - first;
    OuterPanels<Tile::kVectors>(p, block, first * kLanes,
                                left < Tile::kVectors ? left : Tile::kVectors);
  }
  const size_t whole = vectors * kLanes;
  if (whole < p.columns) {
    OuterPanel<1, true>(p, block, whole, p.columns - whole);
  }
}

void AddOuterProducts(const OuterProducts& p) {
  size_t first = 0;
  do {
    const size_t left = p.inner - first;
    OuterBlock(p, {p.a + first * p.a_inner_stride, p.b + first * p.b_stride,
                   left < kInnerBlock ? left : kInnerBlock,
                   p.add || first > 0});
    first += kInnerBlock;
  } while (first < p.inner);
}

// --- Rows ------------------------------------------------------------------

PEDIGREE_VEC_INLINE F16 LoadUpTo(const float* p, size_t count) {
  return count == kLanes ? Load(p) : LoadPart(p, count);
}

PEDIGREE_VEC_INLINE void StoreUpTo(F16 v, float* p, size_t count) {
  if (count == kLanes) {
    Store(v, p);
  } else {
    StorePart(v, p, count);
  }
}

float RmsNormGradient(const float* x, const float* weight, const float* dy,
                      float epsilon, size_t size, float* dx) {
  F16 squares = 0.0f;
  F16 products = 0.0f;
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    const F16 v = LoadUpTo(x + i, count);
    squares = squares + v * v;
    products = products + (LoadUpTo(dy + i, count) *
                           LoadUpTo(weight + i, count)) * v;
  }
  const float n = static_cast<float>(size);
  const float inverse = 1.0f / SqrtF(Fold(squares) / n + epsilon);
  const float c = ((Fold(products) * inverse) * inverse) * inverse / n;
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    const F16 g = LoadUpTo(dy + i, count) * LoadUpTo(weight + i, count);
    StoreUpTo(LoadUpTo(dx + i, count) +
                  (g * inverse - LoadUpTo(x + i, count) * c),
              dx + i, count);
  }
  return inverse;
}

void NormWeightGradient(const float* dy, const float* x, size_t stride,
                        const float* inverse, size_t rows, size_t columns,
                        float* out) {
  for (size_t i = 0; i < columns; i += kLanes) {
    const size_t count = columns - i < kLanes ? columns - i : kLanes;
    F16 sum = 0.0f;
    for (size_t t = 0; t < rows; ++t) {
      const size_t at = t * stride + i;
      sum = sum + LoadUpTo(dy + at, count) *
                      (LoadUpTo(x + at, count) * inverse[t]);
    }
    StoreUpTo(sum, out + i, count);
  }
}

void SwiGluGradient(const float* gate, const float* up, float* gradient,
                    float* up_gradient, size_t size) {
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    const F16 g = LoadUpTo(gate + i, count);
    const F16 d = LoadUpTo(gradient + i, count);
    const F16 divisor = 1.0f + ExpF16(-g);
    const F16 sigmoid = 1.0f / divisor;
    const F16 slope = sigmoid * (1.0f + g * (1.0f - sigmoid));
    StoreUpTo(d * (g / divisor), up_gradient + i, count);
    StoreUpTo((d * LoadUpTo(up + i, count)) * slope, gradient + i, count);
  }
}

void SoftmaxGradient(const float* probabilities, float* gradient, size_t size,
                     float scale) {
  F16 sum = 0.0f;
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    sum = sum +
          LoadUpTo(probabilities + i, count) * LoadUpTo(gradient + i, count);
  }
  const F16 mean = Fold(sum);
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    StoreUpTo((LoadUpTo(probabilities + i, count) *
               (LoadUpTo(gradient + i, count) - mean)) *
                  scale,
              gradient + i, count);
  }
}

CrossEntropyRow CrossEntropy(float* logits, size_t size, size_t target,
                             float weight) {
  CrossEntropyRow row;
  row.target_logit = logits[target];
  const size_t whole = size / kLanes * kLanes;
  row.largest = logits[0];
  if (whole > 0) {
    F16 lanes = Load(logits);
    for (size_t i = kLanes; i < whole; i += kLanes) {
      lanes = Max(Load(logits + i), lanes);
    }
    row.largest = MaxLane(lanes);
  }
  for (size_t i = whole; i < size; ++i) {
    if (logits[i] > row.largest) row.largest = logits[i];
  }
  F16 sum = 0.0f;
  for (size_t i = 0; i < whole; i += kLanes) {
    const F16 e = ExpF16(Load(logits + i) - row.largest);
    sum = sum + e;
    Store(e, logits + i);
  }
  if (whole < size) {
    StorePart(ExpF16(LoadPart(logits + whole, size - whole) - row.largest),
              logits + whole, size - whole);
    sum = sum + LoadPart(logits + whole, size - whole);
  }
  row.sum = Fold(sum);
  const float inverse = 1.0f / row.sum;
  const float target_probability = logits[target] * inverse;
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    StoreUpTo((LoadUpTo(logits + i, count) * inverse) * weight, logits + i,
              count);
  }
  logits[target] = (target_probability - 1.0f) * weight;
  return row;
}

void AddScaled(float* y, const float* x, float scale, size_t size) {
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    StoreUpTo(LoadUpTo(y + i, count) + scale * LoadUpTo(x + i, count), y + i,
              count);
  }
}

float SumOfSquares(const float* x, size_t size) {
  F16 sum = 0.0f;
  for (size_t i = 0; i < size; i += kLanes) {
    const F16 v = LoadUpTo(x + i, size - i < kLanes ? size - i : kLanes);
    sum = sum + v * v;
  }
  return Fold(sum);
}

PEDIGREE_VEC_INLINE F16 SquareRoot(F16 v) {
  return __builtin_elementwise_sqrt(v);
}

void AdamWStep(const AdamStep& step, const float* gradient,
               float* first_moment, float* second_moment, float* weights,
               size_t size) {
  for (size_t i = 0; i < size; i += kLanes) {
    const size_t count = size - i < kLanes ? size - i : kLanes;
    const F16 g = LoadUpTo(gradient + i, count) * step.gradient_scale;
    const F16 m = step.beta1 * LoadUpTo(first_moment + i, count) +
                  step.one_minus_beta1 * g;
    const F16 v = step.beta2 * LoadUpTo(second_moment + i, count) +
                  (step.one_minus_beta2 * g) * g;
    StoreUpTo(m, first_moment + i, count);
    StoreUpTo(v, second_moment + i, count);
    const F16 w = LoadUpTo(weights + i, count);
    const F16 root = SquareRoot(v) * step.second_moment_scale + step.epsilon;
    StoreUpTo((w - step.decay * w) - step.step_size * (m / root), weights + i,
              count);
  }
}

// Independent chains, as many as hide an instruction's latency.
uint64_t ComputeInRegisters(size_t iterations) {
  constexpr size_t kChains = 6;
  F16 sums[kChains];
  PEDIGREE_UNROLL
  for (size_t i = 0; i < kChains; ++i) sums[i] = 0.0f;
  F16 factor = 1.0f;
  for (size_t n = 0; n < iterations; ++n) {
    // Keeps the products from being taken out of the loop.
    asm volatile("" : "+m"(factor));
    const F16 held = factor;
    PEDIGREE_UNROLL
    for (size_t i = 0; i < kChains; ++i) {
      sums[i] = sums[i] + held * static_cast<float>(i + 2);
    }
  }
  PEDIGREE_UNROLL
  for (size_t i = 0; i < kChains; ++i) asm volatile("" : : "m"(sums[i]));
  return uint64_t{iterations} * kChains * kLanes * 2;
}

constexpr TrainingKernels kKernels = {
    AddOuterProducts, RmsNormGradient, NormWeightGradient,
    SwiGluGradient,   SoftmaxGradient, CrossEntropy,
    AddScaled,        SumOfSquares,    AdamWStep,
    ComputeInRegisters};

#undef PEDIGREE_UNROLL
