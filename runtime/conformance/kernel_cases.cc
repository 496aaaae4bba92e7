#include "runtime/conformance/kernel_cases.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/target.h"
#include "runtime/tensor/half.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

using Random = std::mt19937_64;

constexpr int kThreads[] = {1, 2, 3, 7};
constexpr size_t kBatches[] = {1, 3, 32, 512};

size_t Draw(Random& random, size_t least, size_t most) {
  return least + random() % (most - least + 1);
}

// As many small values as large ones: uniform in the number of bits.
size_t DrawByMagnitude(Random& random, size_t most) {
  size_t bits = 0;
  while (most >> bits > 1) ++bits;
  const size_t least = size_t{1} << Draw(random, 0, bits);
  return Draw(random, least, std::min(most, 2 * least));
}

// Values of all magnitudes that activations have, some of them zero.
void FillFloats(Random& random, float range, absl::Span<float> values) {
  for (float& value : values) {
    const uint64_t bits = random();
    const float unit =
        static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f;
    const int magnitude = static_cast<int>(bits >> 32) % 4;
    value = magnitude == 0   ? 0.0f
            : magnitude == 1 ? unit * range * 0x1p-12f
                             : unit * range;
  }
}

std::vector<float> DrawFloats(Random& random, size_t count, float range) {
  std::vector<float> values(count);
  FillFloats(random, range, absl::MakeSpan(values));
  return values;
}

// NaN or an infinity in some of the rows.
void Spoil(Random& random, size_t columns, absl::Span<float> values) {
  constexpr float kBad[] = {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()};
  for (size_t row = 0; row < values.size(); row += columns) {
    if (random() % 4 != 0) continue;
    values[row + Draw(random, 0, columns - 1)] = kBad[random() % 3];
  }
}

// Copies whose rows start at any multiple of 4 bytes: kernels must not ask for
// more.
class Skewed {
 public:
  Skewed(const std::vector<float>& values, size_t skew)
      : floats_(values.size() + skew), skew_(skew) {
    std::copy(values.begin(), values.end(), floats_.begin() + skew);
  }
  float* data() { return floats_.data() + skew_; }

 private:
  std::vector<float> floats_;
  size_t skew_;
};

// What a case is about. Every kernel reads the parts that it has.
struct Shape {
  std::string_view name;
  size_t rows;  // of the matrix
  size_t columns;
  // Of attention and RoPE. head_dim is even.
  size_t head_count;
  size_t kv_head_count;
  size_t head_dim;
  // Positions in the cache before the batch.
  size_t first_position;
};

// Widths that miss every vector, tile and block by one; the matrices of
// stories260K; and those of larger models with as many rows as the limit of
// products leaves for 512 tokens.
constexpr Shape kShapes[] = {
    {"one", 1, 1, 1, 1, 2, 0},
    {"one row of 31", 1, 31, 1, 1, 4, 1},
    {"33 x 33", 33, 33, 3, 3, 6, 15},
    {"a tile less a row", 15, 160, 2, 1, 16, 16},
    {"a tile and a row", 17, 97, 2, 2, 18, 17},
    {"two tiles, a column", 32, 1, 4, 1, 30, 31},
    {"primes", 97, 131, 5, 1, 26, 97},
    {"31 x 63", 31, 63, 7, 7, 10, 63},
    {"65 x 255", 65, 255, 3, 1, 34, 5},
    {"stories260K wq", 64, 64, 8, 4, 8, 100},
    {"stories260K w2", 64, 172, 8, 4, 8, 500},
    {"stories260K w1", 172, 64, 8, 8, 8, 0},
    {"heads of 20", 100, 160, 8, 2, 20, 3},
    {"heads of 50", 65, 250, 5, 5, 50, 40},
    {"15M wq", 60, 288, 6, 6, 48, 7},
    {"110M wq", 24, 768, 12, 12, 64, 64},
    {"110M w2, 1.1B wq", 9, 2048, 32, 4, 64, 30},
    {"1.1B w2", 3, 5632, 8, 1, 72, 12},
    {"7B wq", 4, 4096, 4, 1, 128, 1},
    {"one long row", 1, 19200, 2, 2, 100, 200},
};

// How a target is to compute a case; none of it may change a bit.
struct How {
  int threads = 1;
  bool packed = false;
  // Floats by which rows of activations miss an aligned place.
  size_t skew = 0;
};

// What a kernel wrote. Rows that it reports as not finite hold anything (a NaN's
// bits are nobody's), so they count as zeros.
struct Output {
  std::vector<float> floats;
  std::vector<int32_t> integers;

  bool operator==(const Output& other) const {
    return integers == other.integers && floats.size() == other.floats.size() &&
           (floats.empty() ||
            std::memcmp(floats.data(), other.floats.data(),
                        floats.size() * sizeof(float)) == 0);
  }
  void AddTo(Sha256Stream& stream) const {
    stream.Update({reinterpret_cast<const uint8_t*>(floats.data()),
                   floats.size() * sizeof(float)});
    stream.Update({reinterpret_cast<const uint8_t*>(integers.data()),
                   integers.size() * sizeof(int32_t)});
  }
};

// One case with its inputs. `Run` cuts the work as the forward pass does.
class Case {
 public:
  virtual ~Case() = default;
  virtual Output Run(const Kernels& kernels, ThreadPool& pool,
                     const How& how) const = 0;
};

// Calls work(begin, end) on each thread for its part of `tokens`.
template <typename Work>
void ForTokens(ThreadPool& pool, int threads, size_t tokens, Work work) {
  pool.Run(threads, [&](int thread) {
    const Range mine = SplitRange(tokens, 1, thread, threads);
    for (size_t t = mine.begin; t < mine.end; ++t) work(t);
  });
}

// --- Quantized activations -------------------------------------------------

size_t IntegerStride(size_t columns) {
  return static_cast<size_t>(ActivationBlocks(columns)) * kActivationBlock;
}

struct QuantizedRows {
  QuantizedRows(size_t tokens, size_t columns)
      : stride(IntegerStride(columns)),
        integers(tokens * stride, 99),
        split(tokens * stride, 99),
        scales(tokens * blocks()),
        sums(tokens * blocks()) {}

  size_t blocks() const { return stride / kActivationBlock; }
  QuantizedRow Row(size_t token) {
    return {&integers[token * stride], &split[token * stride],
            &scales[token * blocks()], &sums[token * blocks()]};
  }

  size_t stride;
  std::vector<int8_t> integers;
  std::vector<int8_t> split;
  std::vector<float> scales;
  std::vector<int32_t> sums;
};

class QuantizeCase : public Case {
 public:
  QuantizeCase(Random& random, const Shape& shape, size_t tokens)
      : tokens_(tokens),
        columns_(shape.columns),
        values_(DrawFloats(random, tokens * shape.columns, 1)) {
    // Every block has its own magnitude: down to where a scale becomes 1, up to
    // the largest floats.
    for (size_t t = 0; t < tokens; ++t) {
      for (size_t i = 0; i < columns_; i += kActivationBlock) {
        const int exponent = static_cast<int>(Draw(random, 0, 239)) - 112;
        const float scale = std::ldexp(1.0f, exponent);
        const size_t end = std::min(columns_, i + kActivationBlock);
        for (size_t k = i; k < end; ++k) values_[t * columns_ + k] *= scale;
      }
    }
  }

  Output Run(const Kernels& kernels, ThreadPool& pool,
             const How& how) const override {
    Skewed x(values_, how.skew);
    QuantizedRows rows(tokens_, columns_);
    // Cut at blocks, anywhere in the batch, as behind attention.
    const size_t blocks = rows.blocks();
    pool.Run(how.threads, [&](int thread) {
      const Range units =
          SplitRange(tokens_ * blocks, 1, thread, how.threads);
      for (size_t unit = units.begin; unit < units.end;) {
        const size_t t = unit / blocks;
        const size_t last = std::min(units.end, (t + 1) * blocks);
        kernels.quantize(
            x.data() + t * columns_, (unit - t * blocks) * kActivationBlock,
            std::min((last - t * blocks) * kActivationBlock, columns_),
            rows.Row(t));
        unit = last;
      }
    });
    Output out;
    out.floats = rows.scales;
    out.integers.assign(rows.integers.begin(), rows.integers.end());
    out.integers.insert(out.integers.end(), rows.split.begin(),
                        rows.split.end());
    out.integers.insert(out.integers.end(), rows.sums.begin(),
                        rows.sums.end());
    return out;
  }

 private:
  size_t tokens_;
  size_t columns_;
  std::vector<float> values_;
};

// --- Matrix products -------------------------------------------------------

// A form of weights.
struct Form {
  DType dtype;
  // 0: one block a row; else columns are rounded up to a multiple of it.
  uint32_t block_size;
};

size_t ColumnsOf(const Form& form, size_t columns) {
  const size_t unit = form.block_size != 0          ? form.block_size
                      : form.dtype == DType::kQ4_0 ? 2
                                                    : 1;
  return (columns + unit - 1) / unit * unit;
}

class MatMulCase : public Case {
 public:
  MatMulCase(Random& random, const Form& form, const Shape& shape,
             size_t tokens)
      : tokens_(tokens) {
    view_.dtype = form.dtype;
    view_.rows = shape.rows;
    view_.columns = ColumnsOf(form, shape.columns);
    const size_t columns = static_cast<size_t>(view_.columns);
    const size_t count = shape.rows * columns;
    PEDIGREE_CHECK(tokens * count <= kMaxCaseProducts);
    values_ = DrawFloats(random, tokens * columns, 8);
    if (form.dtype == DType::kF32) {
      floats_ = DrawFloats(random, count, 2);
      view_.payload = reinterpret_cast<const uint8_t*>(floats_.data());
      packed_view_ = view_;
      return;
    }
    view_.block_size = form.block_size != 0 ? form.block_size
                                            : static_cast<uint32_t>(columns);
    // Every byte is a weight, -128 too.
    bytes_.resize(form.dtype == DType::kQ4_0 ? count / 2 : count);
    for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random());
    if (random() % 8 == 0) DrawEnds(random, columns);
    scales_ = DrawFloats(random, shape.rows * view_.ScalesPerRow(), 1);
    const bool halves = random() % 2 == 0;
    for (float& scale : scales_) {
      scale += 0x1p-20f;
      if (halves) scale = HalfToFloat(FloatToHalf(scale));
    }
    view_.payload = bytes_.data();
    view_.scales = scales_.data();
    packed_view_ = view_;
    Pack();
  }

  Output Run(const Kernels& kernels, ThreadPool& pool,
             const How& how) const override {
    const size_t rows = static_cast<size_t>(view_.rows);
    const size_t columns = static_cast<size_t>(view_.columns);
    const TensorView& matrix = how.packed ? packed_view_ : view_;
    Skewed x(values_, how.skew);
    // Rows of the result lie further apart than they are long; what is between
    // them must stay.
    const size_t out_stride = rows + how.skew;
    Output out;
    out.floats.assign(tokens_ * out_stride, -1.0f);
    QuantizedRows quantized(tokens_, columns);
    for (size_t t = 0; t < tokens_; ++t) {
      kernels.quantize(x.data() + t * columns, 0, columns, quantized.Row(t));
    }
    // Tiles hold floats; at least one, so that there is a first byte.
    const size_t tile_bytes = TileScratchBytes(matrix) / 64 * 64 + 64;
    std::vector<uint8_t> tiles(static_cast<size_t>(how.threads) * tile_bytes);
    // A kernel takes kMaxBatchTokens at most: a longer prompt is several calls,
    // as it is several batches of a session.
    for (size_t first = 0; first < tokens_; first += kMaxBatchTokens) {
      ActivationBatch batch;
      batch.tokens = std::min(kMaxBatchTokens, tokens_ - first);
      batch.columns = columns;
      batch.values = x.data() + first * columns;
      batch.value_stride = columns;
      const QuantizedRow row = quantized.Row(first);
      batch.integers = row.integers;
      batch.split_integers = row.split_integers;
      batch.integer_stride = quantized.stride;
      batch.scales = row.scales;
      batch.sums = row.sums;
      pool.Run(how.threads, [&](int thread) {
        const Range mine = SplitRange(rows, kTileRows, thread, how.threads);
        if (mine.begin == mine.end) return;
        kernels.mat_mul(matrix, mine.begin, mine.end, batch,
                        out.floats.data() + first * out_stride, out_stride,
                        &tiles[static_cast<size_t>(thread) * tile_bytes]);
      });
    }
    if (how.skew == 0) return out;
    return WithoutGaps(out, rows, out_stride);
  }

 private:
  // The largest sums that there are: all weights at one end of their range, and
  // activations at the ends of theirs, of one sign or of two in turn, columns or
  // pairs of them, whose products some targets add first.
  void DrawEnds(Random& random, size_t columns) {
    const uint8_t lowest = view_.dtype == DType::kQ4_0 ? 0x88 : 0x80;
    const uint8_t highest = static_cast<uint8_t>(~lowest);
    std::fill(bytes_.begin(), bytes_.end(),
              random() % 2 == 0 ? lowest : highest);
    for (size_t t = 0; t < tokens_; ++t) {
      const float first = random() % 2 == 0 ? 8.0f : -8.0f;
      const uint64_t drawn = random();
      const float second = drawn % 2 == 0 ? first : -first;
      const size_t run = 1 + drawn / 2 % 2;
      for (size_t i = 0; i < columns; ++i) {
        values_[t * columns + i] = i / run % 2 == 0 ? first : second;
      }
    }
  }

  void Pack() {
    packed_view_.packed_half_scales = HasHalfScales(view_);
    const uint64_t size = PackedBytes(packed_view_);
    if (size == 0) return;
    packed_.resize(static_cast<size_t>(size) + 64);
    uint8_t* start = packed_.data();
    while (reinterpret_cast<uintptr_t>(start) % 64 != 0) ++start;
    PackTiles(packed_view_, 0, TileCount(packed_view_), start);
    packed_view_.packed = start;
  }

  // The rows end to end; a gap that was written to becomes a row too many.
  Output WithoutGaps(const Output& spread, size_t rows, size_t stride) const {
    Output out;
    for (size_t t = 0; t < tokens_; ++t) {
      const auto begin = spread.floats.begin() + t * stride;
      out.floats.insert(out.floats.end(), begin, begin + rows);
      if (std::count(begin + rows, begin + stride, -1.0f) !=
          static_cast<ptrdiff_t>(stride - rows)) {
        out.integers.push_back(static_cast<int32_t>(t));
      }
    }
    return out;
  }

  size_t tokens_;
  TensorView view_;
  std::vector<float> floats_;
  std::vector<uint8_t> bytes_;
  std::vector<float> scales_;
  std::vector<uint8_t> packed_;
  // The same, with the packed form where it has one.
  TensorView packed_view_;
  std::vector<float> values_;
};

// --- Rows of one token -----------------------------------------------------

// Norms, sums, turns, looks: each token's row by itself, tokens cut among
// threads.
class RowCase : public Case {
 public:
  enum class Kernel { kRmsNorm, kAdd, kRope, kAllFinite, kArgMax };

  RowCase(Random& random, Kernel kernel, const Shape& shape, size_t tokens)
      : kernel_(kernel),
        tokens_(tokens),
        columns_(kernel == Kernel::kRope
                     ? shape.head_count * shape.head_dim
                     : shape.columns),
        head_dim_(shape.head_dim) {
    x_ = DrawFloats(random, tokens * columns_, 40);
    y_ = DrawFloats(random, tokens * columns_, 3);
    if (kernel == Kernel::kArgMax) {
      // Few different values, so that several are the largest.
      for (float& value : x_) value = std::floor(value / 4);
    } else if (kernel == Kernel::kAllFinite || random() % 8 == 0) {
      Spoil(random, columns_, absl::MakeSpan(x_));
    }
  }

  Output Run(const Kernels& kernels, ThreadPool& pool,
             const How& how) const override {
    Skewed x(x_, how.skew);
    Skewed y(y_, how.skew);
    Output out;
    out.floats.resize(tokens_ * columns_);
    out.integers.resize(tokens_);
    ForTokens(pool, how.threads, tokens_, [&](size_t t) {
      float* row = &out.floats[t * columns_];
      out.integers[t] = RunRow(kernels, x.data() + t * columns_,
                               y.data() + t * columns_, row);
      if (out.integers[t] == 0) std::fill(row, row + columns_, 0.0f);
    });
    return out;
  }

 private:
  // Writes `out`, and returns what the kernel says.
  int32_t RunRow(const Kernels& kernels, const float* x, const float* y,
                 float* out) const {
    switch (kernel_) {
      case Kernel::kRmsNorm:
        return kernels.rms_norm(x, y, 1e-5f, columns_, out);
      case Kernel::kAdd:
        std::copy(x, x + columns_, out);
        return kernels.add(out, y, columns_);
      case Kernel::kRope: {
        std::copy(x, x + columns_, out);
        const size_t pairs = head_dim_ / 2;
        bool finite = true;
        for (size_t i = 0; i < columns_; i += head_dim_) {
          finite &= kernels.rope(out + i, y, y + pairs, pairs);
        }
        return finite;
      }
      case Kernel::kAllFinite:
        return kernels.all_finite(x, columns_);
      case Kernel::kArgMax:
        return static_cast<int32_t>(kernels.arg_max(x, columns_)) + 1;
    }
    return -1;
  }

  Kernel kernel_;
  size_t tokens_;
  size_t columns_;
  size_t head_dim_;
  std::vector<float> x_;
  std::vector<float> y_;
};

// Cut by columns, since a thread gates the rows of w1 and w3 that it computed.
class SwiGluCase : public Case {
 public:
  SwiGluCase(Random& random, const Shape& shape, size_t tokens)
      : tokens_(tokens), columns_(shape.columns) {
    // Past both ends of the exponential.
    gate_ = DrawFloats(random, tokens * columns_, 130);
    up_ = DrawFloats(random, tokens * columns_, 3);
    if (random() % 8 == 0) {
      Spoil(random, columns_, absl::MakeSpan(random() % 2 ? gate_ : up_));
    }
  }

  Output Run(const Kernels& kernels, ThreadPool& pool,
             const How& how) const override {
    Skewed gate(gate_, how.skew);
    Skewed up(up_, how.skew);
    std::vector<int32_t> finite(tokens_ * static_cast<size_t>(how.threads), 1);
    pool.Run(how.threads, [&](int thread) {
      const Range mine =
          SplitRange(columns_, kActivationBlock, thread, how.threads);
      for (size_t t = 0; t < tokens_; ++t) {
        const size_t begin = t * columns_ + mine.begin;
        finite[static_cast<size_t>(thread) * tokens_ + t] = kernels.swiglu(
            gate.data() + begin, up.data() + begin, mine.end - mine.begin);
      }
    });
    Output out;
    out.floats.assign(gate.data(), gate.data() + tokens_ * columns_);
    out.integers.assign(tokens_, 1);
    for (size_t i = 0; i < finite.size(); ++i) {
      out.integers[i % tokens_] &= finite[i];
    }
    for (size_t t = 0; t < tokens_; ++t) {
      if (out.integers[t] != 0) continue;
      const auto row = out.floats.begin() + t * columns_;
      std::fill(row, row + columns_, 0.0f);
    }
    return out;
  }

 private:
  size_t tokens_;
  size_t columns_;
  std::vector<float> gate_;
  std::vector<float> up_;
};

// --- Attention -------------------------------------------------------------

class AttendCase : public Case {
 public:
  AttendCase(Random& random, const Shape& shape, size_t tokens)
      : shape_(shape),
        run_tokens_(Draw(random, 1, 2) == 1 ? 8 : Draw(random, 1, 20)),
        tokens_(tokens),
        positions_(shape.first_position + tokens),
        stride_((positions_ + kLanes - 1) / kLanes * kLanes) {
    const size_t dim = shape.head_dim;
    const size_t kv_heads = shape.kv_head_count;
    // Lanes of positions to come hold anything at all.
    keys_.assign(kv_heads * stride_ * dim,
                 std::numeric_limits<float>::quiet_NaN());
    const std::vector<float> keys =
        DrawFloats(random, kv_heads * positions_ * dim, 2);
    for (size_t head = 0; head < kv_heads; ++head) {
      for (size_t t = 0; t < positions_; ++t) {
        for (size_t d = 0; d < dim; ++d) {
          keys_[head * stride_ * dim + (t / kLanes * dim + d) * kLanes +
                t % kLanes] = keys[(head * positions_ + t) * dim + d];
        }
      }
    }
    values_ = DrawFloats(random, kv_heads * positions_ * dim, 2);
    queries_ = DrawFloats(random, tokens * shape.head_count * dim, 4);
    if (random() % 8 == 0) {
      Spoil(random, positions_ * dim, absl::MakeSpan(values_));
    }
    // Every `step_`-th run of tokens, or shorter runs, so that the limit holds.
    while (Products() > kMaxCaseProducts) {
      if (step_ * run_tokens_ < tokens_) {
        ++step_;
      } else {
        step_ = 1;
        run_tokens_ = (run_tokens_ + 1) / 2;
      }
    }
  }

  Output Run(const Kernels& kernels, ThreadPool& pool,
             const How& how) const override {
    Skewed queries(queries_, how.skew);
    const size_t dim = shape_.head_dim;
    const size_t row = shape_.head_count * dim;
    std::vector<float> scores(static_cast<size_t>(how.threads) * run_tokens_ *
                              stride_);
    Output out;
    out.floats.resize(tokens_ * row);
    const size_t runs = (tokens_ + run_tokens_ - 1) / run_tokens_;
    out.integers.assign(runs * shape_.head_count, 1);
    pool.Run(how.threads, [&](int thread) {
      AttentionHead head;
      head.head_dim = dim;
      head.scale = 1.0f / std::sqrt(static_cast<float>(dim));
      head.score_stride = stride_;
      head.scores = &scores[static_cast<size_t>(thread) * run_tokens_ * stride_];
      head.query_stride = row;
      head.out_stride = row;
      for (size_t unit = static_cast<size_t>(thread);
           unit < out.integers.size();
           unit += static_cast<size_t>(how.threads)) {
        const size_t run = unit / shape_.head_count;
        if (run % step_ != 0) continue;
        const size_t h = unit % shape_.head_count;
        const size_t kv =
            h / (shape_.head_count / shape_.kv_head_count);
        const size_t first = run * run_tokens_;
        head.tokens = std::min(run_tokens_, tokens_ - first);
        head.first_position = shape_.first_position + first;
        head.keys = &keys_[kv * stride_ * dim];
        head.values = &values_[kv * positions_ * dim];
        head.queries = queries.data() + first * row + h * dim;
        head.out = &out.floats[first * row + h * dim];
        // Which of several places is named is left open.
        out.integers[unit] = kernels.attend(head) == AttentionResult::kOk;
        for (size_t t = 0; out.integers[unit] == 0 && t < head.tokens; ++t) {
          std::fill(head.out + t * row, head.out + t * row + dim, 0.0f);
        }
      }
    });
    return out;
  }

 private:
  static constexpr size_t kLanes = 16;

  uint64_t Products() const {
    uint64_t products = 0;
    for (size_t t = 0; t < tokens_; ++t) {
      if (t / run_tokens_ % step_ != 0) continue;
      products += uint64_t{2} * (shape_.first_position + t + 1) *
                  shape_.head_dim * shape_.head_count;
    }
    return products;
  }

  Shape shape_;
  size_t run_tokens_;
  size_t tokens_;
  size_t positions_;
  size_t stride_;
  size_t step_ = 1;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<float> queries_;
};

// --- The kernels -----------------------------------------------------------

// Matrix products come first; kForms[i] belongs to name i.
constexpr std::string_view kNames[] = {
    "mat_mul f32",        "mat_mul q8_0 row",   "mat_mul q8_0 block 32",
    "mat_mul q4_0 block 32", "mat_mul q8_0 block 64", "mat_mul q8_0 block 20",
    "mat_mul q4_0 row",   "mat_mul q4_0 block 96", "mat_mul q4_0 block 6",
    "quantize",           "rms_norm",           "swiglu",
    "add",                "rope",               "all_finite",
    "attend",             "arg_max"};
constexpr Form kForms[] = {{DType::kF32, 0},   {DType::kQ8_0, 0},
                           {DType::kQ8_0, 32}, {DType::kQ4_0, 32},
                           {DType::kQ8_0, 64}, {DType::kQ8_0, 20},
                           {DType::kQ4_0, 0},  {DType::kQ4_0, 96},
                           {DType::kQ4_0, 6}};
constexpr size_t kFormCount = sizeof(kForms) / sizeof(kForms[0]);

std::unique_ptr<const Case> MakeCase(size_t kernel, Random& random,
                                     const Shape& shape, size_t tokens) {
  if (kernel < kFormCount) {
    return std::make_unique<MatMulCase>(random, kForms[kernel], shape, tokens);
  }
  using Kernel = RowCase::Kernel;
  const auto row_case = [&](Kernel kind) {
    return std::make_unique<RowCase>(random, kind, shape, tokens);
  };
  const std::string_view name = kNames[kernel];
  if (name == "quantize") {
    return std::make_unique<QuantizeCase>(random, shape, tokens);
  }
  if (name == "swiglu") {
    return std::make_unique<SwiGluCase>(random, shape, tokens);
  }
  if (name == "attend") {
    return std::make_unique<AttendCase>(random, shape, tokens);
  }
  if (name == "rms_norm") return row_case(Kernel::kRmsNorm);
  if (name == "add") return row_case(Kernel::kAdd);
  if (name == "rope") return row_case(Kernel::kRope);
  if (name == "all_finite") return row_case(Kernel::kAllFinite);
  return row_case(Kernel::kArgMax);
}

// A batch of the product, or any other that kernels cut in another way.
size_t DrawTokens(Random& random) {
  const size_t which = Draw(random, 0, 4);
  return which < 4 ? kBatches[which] : Draw(random, 1, kMaxBatchTokens + 6);
}

// A shape that keeps the limits of products and of memory for `tokens`.
Shape DrawShape(Random& random, size_t kernel, size_t tokens) {
  Shape shape = {};
  shape.columns =
      DrawByMagnitude(random, std::min<size_t>(6000, 500000 / tokens));
  if (kernel < kFormCount) {
    shape.columns = ColumnsOf(kForms[kernel], shape.columns);
  }
  shape.rows = DrawByMagnitude(
      random,
      std::clamp<size_t>(kMaxCaseProducts / (tokens * shape.columns), 1, 2000));
  shape.kv_head_count = Draw(random, 1, 3);
  shape.head_count = shape.kv_head_count * Draw(random, 1, 4);
  shape.head_dim = 2 * DrawByMagnitude(random, 64);
  shape.first_position = Draw(random, 0, 1) * DrawByMagnitude(random, 300);
  return shape;
}

std::string Describe(size_t kernel, const Shape& shape, size_t tokens,
                     Target target, const How& how) {
  return absl::StrCat(
      kNames[kernel], " on ", TargetName(target), ": ", shape.name, " ",
      shape.rows, " x ", shape.columns, ", ", shape.head_count, "/",
      shape.kv_head_count, " heads of ", shape.head_dim, " from position ",
      shape.first_position, ", ", tokens, " tokens, ", how.threads,
      " threads, ", how.packed ? "packed" : "as stored", ", skew ", how.skew);
}

const Kernels& Reference() { return *FindKernels(Target::kScalar); }

int AtMost(const ThreadPool& pool, int threads) {
  return std::min(threads, pool.size());
}

// Runs cases against the reference and keeps the report.
class Checker {
 public:
  explicit Checker(ThreadPool& pool) : pool_(pool) {}

  void NewCase(const Case& next) {
    case_ = &next;
    ++report_.cases;
    expected_ = next.Run(Reference(), pool_, {});
    expected_.AddTo(stream_);
  }
  template <typename DescribeCase>
  void Compare(Target target, How how, DescribeCase describe) {
    how.threads = AtMost(pool_, how.threads);
    ++report_.comparisons;
    if (case_->Run(*FindKernels(target), pool_, how) == expected_) return;
    if (report_.difference.empty()) report_.difference = describe(how);
  }
  KernelReport Finish() {
    report_.reference = stream_.Finish();
    return report_;
  }

 private:
  ThreadPool& pool_;
  const Case* case_ = nullptr;
  Output expected_;
  Sha256Stream stream_;
  KernelReport report_;
};

}  // namespace

absl::Span<const std::string_view> KernelNames() { return kNames; }

absl::Span<const std::string_view> KernelShapeNames() {
  static const auto& names = *[] {
    auto* all = new std::vector<std::string_view>;
    for (const Shape& shape : kShapes) all->push_back(shape.name);
    return all;
  }();
  return names;
}

size_t ProductShapes(size_t cases) {
  const size_t shapes = sizeof(kShapes) / sizeof(kShapes[0]);
  return std::clamp<size_t>(cases * shapes / kDefaultCases, 1, shapes);
}

KernelReport RunKernelCases(size_t kernel, size_t count,
                            absl::Span<const Target> targets,
                            ThreadPool& pool) {
  Checker checker(pool);
  Random inputs(kernel + 17);
  Random hows(kernel + 71);
  for (size_t i = 0; i < count; ++i) {
    const size_t tokens = DrawTokens(inputs);
    Shape shape = DrawShape(inputs, kernel, tokens);
    const std::string name = absl::StrCat("case ", i);
    shape.name = name;
    const auto next = MakeCase(kernel, inputs, shape, tokens);
    checker.NewCase(*next);
    for (Target target : targets) {
      How how;
      how.threads = kThreads[Draw(hows, 0, 3)];
      how.packed = hows() % 2 == 0;
      how.skew = Draw(hows, 0, 3);
      checker.Compare(target, how, [&](const How& now) {
        return Describe(kernel, shape, tokens, target, now);
      });
    }
  }
  return checker.Finish();
}

KernelReport RunKernelProduct(size_t kernel, size_t shapes,
                              absl::Span<const Target> targets,
                              ThreadPool& pool) {
  Checker checker(pool);
  Random inputs(kernel + 29);
  for (const Shape& shape : absl::MakeConstSpan(kShapes).first(shapes)) {
    for (size_t tokens : kBatches) {
      const auto next = MakeCase(kernel, inputs, shape, tokens);
      checker.NewCase(*next);
      for (Target target : targets) {
        for (int threads : kThreads) {
          if (AtMost(pool, threads) != threads) continue;
          for (bool packed : {false, true}) {
            if (packed && kernel >= kFormCount) continue;
            checker.Compare(target, {threads, packed, 0}, [&](const How& now) {
              return Describe(kernel, shape, tokens, target, now);
            });
          }
        }
      }
    }
  }
  return checker.Finish();
}

}  // namespace pedigree
