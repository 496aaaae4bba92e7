#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "packager/training/kernels/target_kernels.h"
#include "packager/training/kernels/training_kernels.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

void AddOuterProducts(const OuterProducts& p) {
  for (size_t m = 0; m < p.rows; ++m) {
    float* out = p.out + m * p.out_stride;
    if (!p.add) std::fill(out, out + p.columns, 0.0f);
    for (size_t k = 0; k < p.inner; ++k) {
      const float a = p.a[m * p.a_row_stride + k * p.a_inner_stride];
      const float* b = p.b + k * p.b_stride;
      for (size_t n = 0; n < p.columns; ++n) out[n] += a * b[n];
    }
  }
}

float RmsNormGradient(const float* x, const float* weight, const float* dy,
                      float epsilon, size_t size, float* dx) {
  float squares[kPartialSums] = {};
  float products[kPartialSums] = {};
  for (size_t i = 0; i < size; ++i) {
    squares[i % kPartialSums] += x[i] * x[i];
    products[i % kPartialSums] += (dy[i] * weight[i]) * x[i];
  }
  const float n = static_cast<float>(size);
  const float inverse =
      1.0f / SqrtF(FoldPartialSums(squares) / n + epsilon);
  const float c =
      ((FoldPartialSums(products) * inverse) * inverse) * inverse / n;
  for (size_t i = 0; i < size; ++i) {
    dx[i] = dx[i] + ((dy[i] * weight[i]) * inverse - x[i] * c);
  }
  return inverse;
}

void NormWeightGradient(const float* dy, const float* x, size_t stride,
                        const float* inverse, size_t rows, size_t columns,
                        float* out) {
  std::fill(out, out + columns, 0.0f);
  for (size_t t = 0; t < rows; ++t) {
    for (size_t i = 0; i < columns; ++i) {
      out[i] += dy[t * stride + i] * (x[t * stride + i] * inverse[t]);
    }
  }
}

void SwiGluGradient(const float* gate, const float* up, float* gradient,
                    float* up_gradient, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const float divisor = 1.0f + ExpF(-gate[i]);
    const float sigmoid = 1.0f / divisor;
    const float slope = sigmoid * (1.0f + gate[i] * (1.0f - sigmoid));
    up_gradient[i] = gradient[i] * (gate[i] / divisor);
    gradient[i] = (gradient[i] * up[i]) * slope;
  }
}

void SoftmaxGradient(const float* probabilities, float* gradient, size_t size,
                     float scale) {
  float partial[kPartialSums] = {};
  for (size_t i = 0; i < size; ++i) {
    partial[i % kPartialSums] += probabilities[i] * gradient[i];
  }
  const float mean = FoldPartialSums(partial);
  for (size_t i = 0; i < size; ++i) {
    gradient[i] = (probabilities[i] * (gradient[i] - mean)) * scale;
  }
}

CrossEntropyRow CrossEntropy(float* logits, size_t size, size_t target,
                             float weight) {
  CrossEntropyRow row;
  row.largest = *std::max_element(logits, logits + size);
  row.target_logit = logits[target];
  float partial[kPartialSums] = {};
  for (size_t i = 0; i < size; ++i) {
    logits[i] = ExpF(logits[i] - row.largest);
    partial[i % kPartialSums] += logits[i];
  }
  row.sum = FoldPartialSums(partial);
  const float inverse = 1.0f / row.sum;
  for (size_t i = 0; i < size; ++i) {
    const float probability = logits[i] * inverse;
    logits[i] = (i == target ? probability - 1.0f : probability) * weight;
  }
  return row;
}

void AddScaled(float* y, const float* x, float scale, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = y[i] + scale * x[i];
}

float SumOfSquares(const float* x, size_t size) {
  float partial[kPartialSums] = {};
  for (size_t i = 0; i < size; ++i) partial[i % kPartialSums] += x[i] * x[i];
  return FoldPartialSums(partial);
}

void AdamWStep(const AdamStep& step, const float* gradient,
               float* first_moment, float* second_moment, float* weights,
               size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const float g = gradient[i] * step.gradient_scale;
    const float m =
        step.beta1 * first_moment[i] + step.one_minus_beta1 * g;
    const float v =
        step.beta2 * second_moment[i] + (step.one_minus_beta2 * g) * g;
    first_moment[i] = m;
    second_moment[i] = v;
    const float root = SqrtF(v) * step.second_moment_scale + step.epsilon;
    weights[i] = (weights[i] - step.decay * weights[i]) -
                 step.step_size * (m / root);
  }
}

uint64_t ComputeInRegisters(size_t iterations) {
  float sum = 0;
  for (size_t i = 0; i < iterations; ++i) {
    float factor = 1.0f;
    // Keeps the loop from being folded.
    asm volatile("" : "+m"(factor));
    sum += factor * 2.0f;
  }
  asm volatile("" : : "m"(sum));
  return 2 * uint64_t{iterations};
}

constexpr TrainingKernels kKernels = {
    AddOuterProducts, RmsNormGradient, NormWeightGradient,
    SwiGluGradient,   SoftmaxGradient, CrossEntropy,
    AddScaled,        SumOfSquares,    AdamWStep,
    ComputeInRegisters};

}  // namespace

const TrainingKernels& ScalarTrainingKernels() { return kKernels; }

}  // namespace pedigree
