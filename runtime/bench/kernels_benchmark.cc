// Measures each kernel by itself, on one thread: every target of this machine x
// kernel x form of weights x shape x tokens at a time.
//
//   ./bazelw run //runtime/bench:kernels_benchmark -- --benchmark_filter='mat_mul.*110M'
//
// Names: kernel[/form]/shape/tokens:N/target. Counters: bytes_per_second, weights
// or activations that a call must read and write at least once;
// multiply_adds (a second), of products and attention.
//
// A figure says how fast a kernel runs over and over on the same data: a matrix
// that fits into a cache stays there, which a model larger than the cache does
// not grant. `pedigree bench` measures whole models, on any number of threads.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/target.h"
#include "runtime/tensor/half.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

// Memory that starts on a multiple of 64, filled with bytes of any kind.
class Memory {
 public:
  explicit Memory(size_t size) : bytes_(size + 64) {
    std::minstd_rand random(1);
    for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random() >> 8);
  }
  uint8_t* data() {
    const uintptr_t start = reinterpret_cast<uintptr_t>(bytes_.data());
    return bytes_.data() + (64 - start % 64) % 64;
  }

 private:
  std::vector<uint8_t> bytes_;
};

class Floats {
 public:
  explicit Floats(size_t count) : memory_(count * sizeof(float)) {
    std::minstd_rand random(2);
    for (size_t i = 0; i < count; ++i) {
      data()[i] = static_cast<float>(random() % 2001) * 0.001f - 1.0f;
    }
  }
  float* data() { return reinterpret_cast<float*>(memory_.data()); }

 private:
  Memory memory_;
};

void SetRates(benchmark::State& state, size_t bytes, size_t multiply_adds) {
  const int64_t iterations = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<int64_t>(bytes));
  if (multiply_adds == 0) return;
  state.counters["multiply_adds"] = benchmark::Counter(
      static_cast<double>(multiply_adds) * static_cast<double>(iterations),
      benchmark::Counter::kIsRate);
}

// --- Matrix products -------------------------------------------------------

struct Form {
  std::string_view name;
  DType dtype;
  uint32_t block_size;  // 0: one block a row
};
constexpr Form kForms[] = {{"f32", DType::kF32, 0},
                           {"q8_0_row", DType::kQ8_0, 0},
                           {"q8_0_block32", DType::kQ8_0, 32},
                           {"q4_0_block32", DType::kQ4_0, 32}};

// Of the models of shape_spec.sh.
struct MatrixShape {
  std::string_view name;
  size_t rows;
  size_t columns;
};
constexpr MatrixShape kMatrices[] = {{"15M_wq", 288, 288},
                                     {"15M_w2", 288, 768},
                                     {"110M_w1", 2048, 768},
                                     {"110M_w2", 768, 2048},
                                     {"1.1B_w1", 5632, 2048}};
constexpr size_t kTokens[] = {1, 8, 64};

size_t StoredBytes(const Form& form, size_t rows, size_t columns) {
  const size_t count = rows * columns;
  if (form.dtype == DType::kF32) return count * sizeof(float);
  const size_t blocks = form.block_size == 0 ? 1 : columns / form.block_size;
  return (form.dtype == DType::kQ4_0 ? count / 2 : count) +
         rows * blocks * sizeof(float);
}

void MatMul(benchmark::State& state, const Kernels& kernels, const Form& form,
            const MatrixShape& shape, size_t tokens) {
  const size_t columns = shape.columns;
  TensorView matrix;
  matrix.dtype = form.dtype;
  matrix.rows = shape.rows;
  matrix.columns = columns;
  Memory weights(StoredBytes(form, shape.rows, columns));
  matrix.payload = weights.data();
  Floats float_weights(form.dtype == DType::kF32 ? shape.rows * columns : 0);
  Floats scales(form.dtype == DType::kF32 ? 0 : shape.rows * columns / 32);
  if (form.dtype == DType::kF32) {
    matrix.payload = reinterpret_cast<const uint8_t*>(float_weights.data());
  } else {
    matrix.block_size = form.block_size == 0 ? static_cast<uint32_t>(columns)
                                             : form.block_size;
    // Such as the packer makes: halves where a row has several.
    for (size_t i = 0; i < shape.rows * columns / 32; ++i) {
      scales.data()[i] = HalfToFloat(FloatToHalf(scales.data()[i]));
    }
    matrix.scales = scales.data();
    matrix.packed_half_scales = HasHalfScales(matrix);
  }
  Memory packed(static_cast<size_t>(PackedBytes(matrix)));
  if (PackedBytes(matrix) > 0) {
    PackTiles(matrix, 0, TileCount(matrix), packed.data());
    matrix.packed = packed.data();
  }
  Floats x(tokens * columns);
  Memory integers(tokens * columns);
  Memory split(tokens * columns);
  Floats x_scales(tokens * columns / kActivationBlock);
  std::vector<int32_t> sums(tokens * columns / kActivationBlock);
  ActivationBatch batch;
  batch.tokens = tokens;
  batch.columns = columns;
  batch.values = x.data();
  batch.value_stride = columns;
  batch.integers = reinterpret_cast<int8_t*>(integers.data());
  batch.split_integers = reinterpret_cast<int8_t*>(split.data());
  batch.integer_stride = columns;
  batch.scales = x_scales.data();
  batch.sums = sums.data();
  for (size_t t = 0; t < tokens; ++t) {
    kernels.quantize(x.data() + t * columns, 0, columns,
                     {reinterpret_cast<int8_t*>(integers.data()) + t * columns,
                      reinterpret_cast<int8_t*>(split.data()) + t * columns,
                      x_scales.data() + t * batch.blocks(),
                      &sums[t * batch.blocks()]});
  }
  Floats out(tokens * shape.rows);
  Memory tile(TileScratchBytes(matrix));
  for (auto _ : state) {
    kernels.mat_mul(matrix, 0, shape.rows, batch, out.data(), shape.rows,
                    tile.data());
    benchmark::ClobberMemory();
  }
  SetRates(state, StoredBytes(form, shape.rows, columns),
           tokens * shape.rows * columns);
}

// --- Rows ------------------------------------------------------------------

// Calls work() over and over; each reads and writes `floats` floats.
template <typename Work>
void Rows(benchmark::State& state, size_t floats, Work work) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(work());
    benchmark::ClobberMemory();
  }
  SetRates(state, floats * sizeof(float), 0);
}

void Quantize(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats x(size);
  Memory integers(size);
  Memory split(size);
  Floats scales(size / kActivationBlock);
  std::vector<int32_t> sums(size / kActivationBlock);
  const QuantizedRow to = {reinterpret_cast<int8_t*>(integers.data()),
                           reinterpret_cast<int8_t*>(split.data()),
                           scales.data(), sums.data()};
  Rows(state, size, [&] {
    kernels.quantize(x.data(), 0, size, to);
    return true;
  });
}

void RmsNorm(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats x(size), weight(size), out(size);
  Rows(state, 3 * size, [&] {
    return kernels.rms_norm(x.data(), weight.data(), 1e-5f, size, out.data());
  });
}

// Results grow or shrink when they are fed in again; the copy that keeps them
// as they were is measured with them.
void SwiGlu(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats gate(size), up(size), out(size);
  Rows(state, 3 * size, [&] {
    std::copy(gate.data(), gate.data() + size, out.data());
    return kernels.swiglu(out.data(), up.data(), size);
  });
}

void Add(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats x(size), delta(size), out(size);
  Rows(state, 3 * size, [&] {
    std::copy(x.data(), x.data() + size, out.data());
    return kernels.add(out.data(), delta.data(), size);
  });
}

// A turn, so that no value grows.
void Rope(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats head(size), cosines(size / 2), sines(size / 2);
  for (size_t i = 0; i < size / 2; ++i) {
    cosines.data()[i] = std::cos(static_cast<float>(i));
    sines.data()[i] = std::sin(static_cast<float>(i));
  }
  Rows(state, 2 * size, [&] {
    return kernels.rope(head.data(), cosines.data(), sines.data(), size / 2);
  });
}

void AllFinite(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats x(size);
  Rows(state, size, [&] { return kernels.all_finite(x.data(), size); });
}

void ArgMax(benchmark::State& state, const Kernels& kernels, size_t size) {
  Floats x(size);
  Rows(state, size, [&] { return kernels.arg_max(x.data(), size); });
}

struct RowKernel {
  std::string_view name;
  void (*run)(benchmark::State&, const Kernels&, size_t);
  // hidden sizes of 15M, 110M and 1.1B; head_dim; the vocabulary.
  std::vector<size_t> sizes;
};

const std::vector<RowKernel>& RowKernels() {
  static const auto& kernels = *new std::vector<RowKernel>{
      {"quantize", Quantize, {288, 768, 2048}},
      {"rms_norm", RmsNorm, {288, 768, 2048}},
      {"swiglu", SwiGlu, {768, 2048, 5632}},
      {"add", Add, {288, 768, 2048}},
      {"rope", Rope, {48, 64, 128}},
      {"all_finite", AllFinite, {288, 768, 2048}},
      {"arg_max", ArgMax, {512, 32000}}};
  return kernels;
}

// --- Attention -------------------------------------------------------------

void Attend(benchmark::State& state, const Kernels& kernels, size_t head_dim,
            size_t positions, size_t tokens) {
  Floats keys(positions * head_dim);
  Floats values(positions * head_dim);
  Floats queries(tokens * head_dim);
  Floats scores(tokens * positions);
  Floats out(tokens * head_dim);
  AttentionHead head;
  head.keys = keys.data();
  head.values = values.data();
  head.head_dim = head_dim;
  head.queries = queries.data();
  head.query_stride = head_dim;
  head.tokens = tokens;
  head.first_position = positions - tokens;
  head.scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  head.scores = scores.data();
  head.score_stride = positions;
  head.out = out.data();
  head.out_stride = head_dim;
  for (auto _ : state) {
    if (kernels.attend(head) != AttentionResult::kOk) {
      state.SkipWithError("not finite");
      break;
    }
    benchmark::ClobberMemory();
  }
  // Of a query and its positions, once for the score and once for the output.
  size_t products = 0;
  for (size_t t = 0; t < tokens; ++t) {
    products += 2 * (head.first_position + t + 1) * head_dim;
  }
  SetRates(state, 2 * positions * head_dim * sizeof(float), products);
}

// --- All of them -----------------------------------------------------------

void RegisterAll(const Kernels& kernels) {
  const std::string target(TargetName(kernels.target));
  for (const Form& form : kForms) {
    for (const MatrixShape& shape : kMatrices) {
      for (size_t tokens : kTokens) {
        benchmark::RegisterBenchmark(
            absl::StrCat("mat_mul/", form.name, "/", shape.name,
                         "/tokens:", tokens, "/", target),
            [&kernels, &form, &shape, tokens](benchmark::State& state) {
              MatMul(state, kernels, form, shape, tokens);
            });
      }
    }
  }
  for (const RowKernel& kernel : RowKernels()) {
    for (size_t size : kernel.sizes) {
      benchmark::RegisterBenchmark(
          absl::StrCat(kernel.name, "/", size, "/tokens:1/", target),
          [&kernels, &kernel, size](benchmark::State& state) {
            kernel.run(state, kernels, size);
          });
    }
  }
  for (size_t head_dim : {size_t{48}, size_t{64}}) {
    for (size_t positions : {size_t{128}, size_t{1024}}) {
      for (size_t tokens : {size_t{1}, size_t{8}}) {
        benchmark::RegisterBenchmark(
            absl::StrCat("attend/", head_dim, "x", positions,
                         "/tokens:", tokens, "/", target),
            [&kernels, head_dim, positions, tokens](benchmark::State& state) {
              Attend(state, kernels, head_dim, positions, tokens);
            });
      }
    }
  }
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  for (pedigree::Target target : pedigree::SupportedTargets()) {
    pedigree::RegisterAll(*pedigree::FindKernels(target));
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
