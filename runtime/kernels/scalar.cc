#include "runtime/kernels/scalar.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/rms_norm.h"
#include "runtime/tensor/rope.h"
#include "runtime/tensor/silu.h"
#include "runtime/tensor/softmax.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

constexpr size_t kKeyLanes = 16;

float DotRow(const TensorView& weights, uint64_t row, const ActivationBatch& x,
             size_t token) {
  if (weights.dtype == DType::kF32) {
    return DotF32(weights.RowF32(row),
                  {x.values + token * x.value_stride, x.columns});
  }
  const QuantizedActivation quantized = {
      {x.integers + token * x.integer_stride, x.columns},
      {x.scales + token * x.blocks(), x.blocks()}};
  return weights.dtype == DType::kQ8_0
             ? DotQ8(weights.RowQ8(row), weights.RowScales(row),
                     weights.block_size, quantized)
             : DotQ4(weights.RowQ4(row), weights.RowScales(row),
                     weights.block_size, quantized);
}

void Quantize(const float* x, size_t begin, size_t end,
              const QuantizedRow& to) {
  for (size_t first = begin; first < end; first += kActivationBlock) {
    const size_t count = std::min(kActivationBlock, end - first);
    const size_t block = first / kActivationBlock;
    int8_t* integers = to.integers + first;
    std::fill(integers, integers + kActivationBlock, int8_t{0});
    QuantizeActivation({x + first, count}, {integers, count},
                       {to.scales + block, 1});
    if (to.sums != nullptr) {
      to.sums[block] = 0;
      for (size_t i = 0; i < count; ++i) to.sums[block] += integers[i];
    }
    if (to.split_integers == nullptr) continue;
    for (size_t i = 0; i < kActivationBlock; ++i) {
      to.split_integers[first + i / 2 + (i % 2) * (kActivationBlock / 2)] =
          integers[i];
    }
  }
}

bool RmsNormRow(const float* x, const float* weight, float epsilon,
                size_t size, float* out) {
  return RmsNorm({x, size}, {weight, size}, epsilon, {out, size}) &&
         AllFinite({out, size});
}

bool SwiGluRow(float* gate, const float* up, size_t size) {
  const bool finite = AllFinite({gate, size}) && AllFinite({up, size});
  SwiGlu({gate, size}, {up, size});
  return finite && AllFinite({gate, size});
}

bool Add(float* x, const float* delta, size_t size) {
  for (size_t i = 0; i < size; ++i) x[i] += delta[i];
  return AllFinite({x, size});
}

bool Rope(float* head, const float* cosines, const float* sines,
          size_t pairs) {
  ApplyRope({head, 2 * pairs}, {cosines, pairs}, {sines, pairs});
  return AllFinite({head, 2 * pairs});
}

bool Finite(const float* x, size_t size) { return AllFinite({x, size}); }

float Score(const AttentionHead& head, const float* query, size_t position) {
  const float* key = head.keys +
                     position / kKeyLanes * kKeyLanes * head.head_dim +
                     position % kKeyLanes;
  float sum = 0;
  for (size_t i = 0; i < head.head_dim; ++i) {
    sum += query[i] * key[i * kKeyLanes];
  }
  return sum * head.scale;
}

AttentionResult Attend(const AttentionHead& head) {
  for (size_t token = 0; token < head.tokens; ++token) {
    const float* query = head.queries + token * head.query_stride;
    const size_t count = head.first_position + token + 1;
    const absl::Span<float> weights(head.scores + token * head.score_stride,
                                    count);
    for (size_t t = 0; t < count; ++t) weights[t] = Score(head, query, t);
    if (!AllFinite(weights)) return AttentionResult::kScoresNotFinite;
    Softmax(weights);
    const absl::Span<float> out(head.out + token * head.out_stride,
                                head.head_dim);
    std::fill(out.begin(), out.end(), 0.0f);
    for (size_t t = 0; t < count; ++t) {
      const float* value = head.values + t * head.head_dim;
      for (size_t i = 0; i < out.size(); ++i) out[i] += weights[t] * value[i];
    }
    if (!AllFinite(out)) return AttentionResult::kOutputNotFinite;
  }
  return AttentionResult::kOk;
}

size_t ArgMax(const float* x, size_t size) {
  return static_cast<size_t>(std::max_element(x, x + size) - x);
}

constexpr Kernels kKernels = {
    Target::kScalar, ScalarMatMul, Quantize, RmsNormRow, SwiGluRow,
    Add,             Rope,         Finite,   Attend,     ArgMax};

}  // namespace

void ScalarMatMul(const TensorView& weights, size_t begin_row, size_t end_row,
                  const ActivationBatch& x, float* out, size_t out_stride,
                  uint8_t* /*tile*/) {
  for (size_t token = 0; token < x.tokens; ++token) {
    for (size_t row = begin_row; row < end_row; ++row) {
      out[token * out_stride + row] = DotRow(weights, row, x, token);
    }
  }
}

const Kernels& ScalarKernels() { return kKernels; }

}  // namespace pedigree
