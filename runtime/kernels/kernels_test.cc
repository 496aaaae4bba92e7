// Every target against the scalar reference, bit for bit, over shapes, tokens
// and forms of weights drawn together from one seeded stream.

#include "runtime/kernels/kernels.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/target.h"
#include "runtime/tensor/half.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

using Random = std::mt19937_64;

size_t Draw(Random& random, size_t least, size_t most) {
  return least + random() % (most - least + 1);
}

// Values of all magnitudes that activations have, some of them zero.
std::vector<float> DrawFloats(Random& random, size_t count, float range) {
  std::vector<float> values(count);
  for (float& value : values) {
    const uint64_t bits = random();
    const float unit =
        static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f;
    const int magnitude = static_cast<int>(bits >> 32) % 4;
    value = magnitude == 0   ? 0.0f
            : magnitude == 1 ? unit * range * 0x1p-12f
                             : unit * range;
  }
  return values;
}

// A matrix with what it borrows.
struct OwnedMatrix {
  TensorView view;
  std::vector<float> floats;
  std::vector<uint8_t> bytes;
  std::vector<float> scales;
  std::vector<uint8_t> packed;

  TensorView Packed() {
    if (!HasTiles(view)) return view;
    TensorView with_packed = view;
    with_packed.packed_half_scales = HasHalfScales(view);
    packed.resize(PackedBytes(with_packed) + 64);
    uint8_t* start = packed.data();
    while (reinterpret_cast<uintptr_t>(start) % 64 != 0) ++start;
    PackTiles(with_packed, 0, TileCount(view), start);
    with_packed.packed = start;
    return with_packed;
  }
};

OwnedMatrix DrawMatrix(Random& random, DType dtype, uint32_t block_size,
                       size_t rows, size_t columns, bool half_scales) {
  OwnedMatrix matrix;
  TensorView& view = matrix.view;
  view.dtype = dtype;
  view.rows = rows;
  view.columns = columns;
  if (dtype == DType::kF32) {
    matrix.floats = DrawFloats(random, rows * columns, 2);
    view.payload = reinterpret_cast<const uint8_t*>(matrix.floats.data());
    return matrix;
  }
  view.block_size = block_size;
  // Every byte is a weight, -128 too.
  matrix.bytes.resize(rows * columns);
  for (uint8_t& byte : matrix.bytes) byte = static_cast<uint8_t>(random());
  matrix.scales = DrawFloats(random, rows * view.ScalesPerRow(), 1);
  for (float& scale : matrix.scales) {
    scale += 0x1p-20f;
    if (half_scales) scale = HalfToFloat(FloatToHalf(scale));
  }
  view.payload = matrix.bytes.data();
  view.scales = matrix.scales.data();
  return matrix;
}

// Activations quantized by `kernels`.
struct OwnedBatch {
  OwnedBatch(const Kernels& kernels, const std::vector<float>& values,
             size_t tokens, size_t columns)
      : integers(tokens * Stride(columns), 99),
        split(tokens * Stride(columns), 99),
        scales(tokens * Stride(columns) / kActivationBlock),
        sums(tokens * Stride(columns) / kActivationBlock) {
    const size_t stride = Stride(columns);
    const size_t blocks = stride / kActivationBlock;
    for (size_t t = 0; t < tokens; ++t) {
      kernels.quantize(&values[t * columns], 0, columns,
                       {&integers[t * stride], &split[t * stride],
                        &scales[t * blocks], &sums[t * blocks]});
    }
    batch.tokens = tokens;
    batch.columns = columns;
    batch.values = values.data();
    batch.value_stride = columns;
    batch.integers = integers.data();
    batch.split_integers = split.data();
    batch.integer_stride = stride;
    batch.scales = scales.data();
    batch.sums = sums.data();
  }
  static size_t Stride(size_t columns) {
    return ActivationBlocks(columns) * kActivationBlock;
  }

  std::vector<int8_t> integers;
  std::vector<int8_t> split;
  std::vector<float> scales;
  std::vector<int32_t> sums;
  ActivationBatch batch;
};

// The product on `threads` threads, as the transformer cuts it.
std::vector<float> Multiply(const Kernels& kernels, const TensorView& matrix,
                            const ActivationBatch& x, ThreadPool& pool,
                            int threads) {
  const size_t rows = static_cast<size_t>(matrix.rows);
  std::vector<float> out(x.tokens * rows, -1);
  std::vector<std::vector<uint8_t>> tiles(
      static_cast<size_t>(threads),
      std::vector<uint8_t>(TileScratchBytes(matrix) + 1));
  pool.Run(threads, [&](int thread) {
    const Range mine = SplitRange(rows, kTileRows, thread, threads);
    kernels.mat_mul(matrix, mine.begin, mine.end, x, out.data(), rows,
                    tiles[static_cast<size_t>(thread)].data());
  });
  return out;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// One form of weights.
struct Form {
  std::string name;
  DType dtype;
  // 0: one block a row; else columns are a multiple of it.
  uint32_t block_size;
};

class MatMulTest : public testing::TestWithParam<Form> {};

// 1,000 cases, each on every target: shape, threads, tokens and packing are drawn
// together. A case has at most 2 million products here, so that the test takes
// seconds.
TEST_P(MatMulTest, EveryTargetEqualsTheReferenceBitForBit) {
  const Form& form = GetParam();
  const Kernels& reference = *FindKernels(Target::kScalar);
  constexpr size_t kTokens[] = {1, 1, 2, 3, 7, 32, 64};
  constexpr int kThreads[] = {1, 2, 3, 7};
  ThreadPool pool(7);
  Random random(17);
  for (int i = 0; i < 1000; ++i) {
    const size_t tokens = kTokens[Draw(random, 0, 6)];
    size_t columns = Draw(random, 1, i % 10 == 0 ? 1200 : 200);
    if (form.block_size != 0) {
      columns = (columns + form.block_size - 1) / form.block_size *
                form.block_size;
    } else if (form.dtype == DType::kQ4_0) {
      columns += columns % 2;
    }
    const size_t most_rows = 2000000 / (columns * tokens);
    const size_t rows = Draw(random, 1, std::min<size_t>(most_rows, 150));
    const uint32_t block = form.block_size != 0
                               ? form.block_size
                               : static_cast<uint32_t>(columns);
    const bool half_scales = random() % 2 == 0;
    OwnedMatrix matrix = DrawMatrix(random, form.dtype, block, rows, columns,
                                    half_scales);
    const TensorView packed = matrix.Packed();
    const std::vector<float> values =
        DrawFloats(random, tokens * columns, 8);
    const OwnedBatch expected_x(reference, values, tokens, columns);
    const std::vector<float> expected =
        Multiply(reference, matrix.view, expected_x.batch, pool, 1);
    for (Target target : SupportedTargets()) {
      const Kernels& kernels = *FindKernels(target);
      const OwnedBatch x(kernels, values, tokens, columns);
      ASSERT_EQ(x.integers, expected_x.integers) << TargetName(target);
      ASSERT_EQ(x.split, expected_x.split) << TargetName(target);
      ASSERT_EQ(x.sums, expected_x.sums) << TargetName(target);
      ASSERT_TRUE(SameBits(x.scales, expected_x.scales));
      const int threads = kThreads[Draw(random, 0, 3)];
      const bool use_packed = random() % 2 == 0;
      ASSERT_TRUE(SameBits(
          Multiply(kernels, use_packed ? packed : matrix.view, x.batch, pool,
                   threads),
          expected))
          << "case " << i << " on " << TargetName(target) << ": " << rows
          << " x " << columns << ", " << tokens << " tokens, " << threads
          << " threads, " << (use_packed ? "packed" : "as stored");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllForms, MatMulTest,
    testing::Values(Form{"f32", DType::kF32, 0},
                    Form{"q8_row", DType::kQ8_0, 0},
                    Form{"q8_block32", DType::kQ8_0, 32},
                    Form{"q8_block64", DType::kQ8_0, 64},
                    Form{"q8_block20", DType::kQ8_0, 20},
                    Form{"q4_row", DType::kQ4_0, 0},
                    Form{"q4_block32", DType::kQ4_0, 32},
                    Form{"q4_block96", DType::kQ4_0, 96},
                    Form{"q4_block6", DType::kQ4_0, 6}),
    [](const testing::TestParamInfo<Form>& info) { return info.param.name; });

class KernelsTest : public testing::TestWithParam<Target> {
 protected:
  const Kernels& kernels_ = *FindKernels(GetParam());
  const Kernels& reference_ = *FindKernels(Target::kScalar);
  Random random_{29};
};

TEST_P(KernelsTest, NormsGatesAndSumsEqualTheReference) {
  for (int i = 0; i < 1000; ++i) {
    const size_t size = Draw(random_, 1, 300);
    const std::vector<float> x = DrawFloats(random_, size, 40);
    const std::vector<float> y = DrawFloats(random_, size, 3);
    std::vector<float> out(size);
    std::vector<float> expected(size);
    EXPECT_EQ(kernels_.rms_norm(x.data(), y.data(), 1e-5f, size, out.data()),
              reference_.rms_norm(x.data(), y.data(), 1e-5f, size,
                                  expected.data()));
    ASSERT_TRUE(SameBits(out, expected)) << "norm of " << size;
    out = expected = x;
    EXPECT_EQ(kernels_.swiglu(out.data(), y.data(), size),
              reference_.swiglu(expected.data(), y.data(), size));
    ASSERT_TRUE(SameBits(out, expected)) << "gate of " << size;
    EXPECT_TRUE(kernels_.add(out.data(), y.data(), size));
    EXPECT_TRUE(reference_.add(expected.data(), y.data(), size));
    ASSERT_TRUE(SameBits(out, expected)) << "sum of " << size;
    EXPECT_EQ(kernels_.arg_max(x.data(), size),
              reference_.arg_max(x.data(), size));
  }
}

TEST_P(KernelsTest, GatesEqualTheReferenceOverTheWholeRangeOfTheExponential) {
  std::vector<float> x;
  for (float v = -120; v <= 120; v += 0x1.1p-6f) x.push_back(v);
  for (float v : {88.72283f, -88.72283f, 103.97208f, -103.97208f, 1e30f,
                  -1e30f, 0.0f, -0.0f, 1e-42f}) {
    x.push_back(v);
  }
  const std::vector<float> ones(x.size(), 1);
  std::vector<float> expected = x;
  EXPECT_TRUE(kernels_.swiglu(x.data(), ones.data(), x.size()));
  EXPECT_TRUE(reference_.swiglu(expected.data(), ones.data(), x.size()));
  EXPECT_TRUE(SameBits(x, expected));
}

TEST_P(KernelsTest, RotationEqualsTheReference) {
  for (int i = 0; i < 500; ++i) {
    const size_t pairs = Draw(random_, 1, 70);
    std::vector<float> head = DrawFloats(random_, 2 * pairs, 9);
    std::vector<float> expected = head;
    const std::vector<float> cosines = DrawFloats(random_, pairs, 1);
    const std::vector<float> sines = DrawFloats(random_, pairs, 1);
    EXPECT_TRUE(
        kernels_.rope(head.data(), cosines.data(), sines.data(), pairs));
    EXPECT_TRUE(reference_.rope(expected.data(), cosines.data(), sines.data(),
                                pairs));
    ASSERT_TRUE(SameBits(head, expected)) << pairs << " pairs";
  }
}

TEST_P(KernelsTest, AttentionEqualsTheReference) {
  for (int i = 0; i < 300; ++i) {
    const size_t dim = 2 * Draw(random_, 1, 50);
    const size_t tokens = Draw(random_, 1, 20);
    const size_t first = Draw(random_, 0, 90);
    const size_t positions = first + tokens;
    const size_t stride = (positions + 15) / 16 * 16;
    // Lanes of positions to come hold anything at all.
    std::vector<float> keys(stride * dim, __builtin_nanf(""));
    const std::vector<float> key_values =
        DrawFloats(random_, positions * dim, 2);
    for (size_t t = 0; t < positions; ++t) {
      for (size_t d = 0; d < dim; ++d) {
        keys[(t / 16 * dim + d) * 16 + t % 16] = key_values[t * dim + d];
      }
    }
    const std::vector<float> values = DrawFloats(random_, positions * dim, 2);
    const std::vector<float> queries = DrawFloats(random_, tokens * dim, 4);
    AttentionHead head;
    head.keys = keys.data();
    head.values = values.data();
    head.head_dim = dim;
    head.queries = queries.data();
    head.query_stride = dim;
    head.tokens = tokens;
    head.first_position = first;
    head.scale = 0.3f;
    head.score_stride = stride;
    head.out_stride = dim;
    std::vector<float> scores(tokens * stride);
    std::vector<float> out(tokens * dim);
    std::vector<float> expected(tokens * dim);
    head.scores = scores.data();
    head.out = out.data();
    EXPECT_EQ(kernels_.attend(head), AttentionResult::kOk);
    head.out = expected.data();
    EXPECT_EQ(reference_.attend(head), AttentionResult::kOk);
    ASSERT_TRUE(SameBits(out, expected))
        << dim << " dimensions, " << tokens << " tokens behind " << first;
  }
}

TEST_P(KernelsTest, ValuesThatAreNotFiniteAreSeenInEveryLane) {
  for (float bad : {__builtin_nanf(""), __builtin_inff(), -__builtin_inff()}) {
    for (size_t place = 0; place < 37; ++place) {
      std::vector<float> x(37, 1.0f);
      const std::vector<float> ones(37, 1.0f);
      EXPECT_TRUE(kernels_.all_finite(x.data(), x.size()));
      x[place] = bad;
      std::vector<float> out(37);
      EXPECT_FALSE(kernels_.all_finite(x.data(), x.size()));
      EXPECT_FALSE(kernels_.rms_norm(x.data(), ones.data(), 1e-5f, 37,
                                     out.data()));
      out = ones;
      EXPECT_FALSE(kernels_.add(out.data(), x.data(), 37));
      out = ones;
      EXPECT_FALSE(kernels_.swiglu(out.data(), x.data(), 37));
    }
  }
}

TEST_P(KernelsTest, ArgMaxTakesTheLowestOfEqualValues) {
  for (size_t size = 1; size < 60; ++size) {
    for (size_t first = 0; first < size; ++first) {
      std::vector<float> x(size, -5.0f);
      for (size_t i = first; i < size; i += 7) x[i] = -2.0f;
      ASSERT_EQ(kernels_.arg_max(x.data(), size), first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllTargets, KernelsTest, testing::ValuesIn(SupportedTargets()),
    [](const testing::TestParamInfo<Target>& info) {
      std::string name(TargetName(info.param));
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

TEST(TargetTest, NamesReadBack) {
  for (Target target : SupportedTargets()) {
    EXPECT_EQ(TargetByName(TargetName(target)), target);
    EXPECT_NE(FindKernels(target), nullptr);
    EXPECT_EQ(FindKernels(target)->target, target);
  }
  EXPECT_EQ(TargetByName("avx9"), std::nullopt);
  EXPECT_EQ(BestKernels().target, BestTarget());
}

}  // namespace
}  // namespace pedigree
