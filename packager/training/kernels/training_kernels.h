// The inner loops of training, in one version for each instruction set. What a
// forward pass needs beside these is runtime/kernels.
//
// Every version gives the bits of docs/training.md; the scalar one is that page
// in C++, and the others are tested against it. Arrays need no alignment beyond
// that of their elements. No function allocates or fails.

#ifndef PEDIGREE_PACKAGER_TRAINING_KERNELS_TRAINING_KERNELS_H_
#define PEDIGREE_PACKAGER_TRAINING_KERNELS_TRAINING_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/target.h"

namespace pedigree {

// out[m][n] = (((start + a(m, 0) * b[0][n]) + a(m, 1) * b[1][n]) + ...), where
// a(m, k) = a[m * a_row_stride + k * a_inner_stride] and start is +0 or, with
// `add`, what out[m][n] held. Strides are in floats. `out` overlaps neither.
struct OuterProducts {
  const float* a = nullptr;
  size_t a_row_stride = 0;
  size_t a_inner_stride = 0;
  const float* b = nullptr;
  size_t b_stride = 0;
  float* out = nullptr;
  size_t out_stride = 0;
  size_t rows = 0;
  size_t inner = 0;
  size_t columns = 0;
  bool add = false;
};

// One row of logits, turned into the gradient of its loss.
struct CrossEntropyRow {
  // Of the logits, and the strided sum of e^(logit - largest).
  float largest = 0;
  float sum = 0;
  // The target's, before it was overwritten.
  float target_logit = 0;
};

// The numbers of one AdamW step that all parameters share.
struct AdamStep {
  float gradient_scale = 1;
  float beta1 = 0;
  float one_minus_beta1 = 0;
  float beta2 = 0;
  float one_minus_beta2 = 0;
  // 1 / sqrt(1 - beta2^t).
  float second_moment_scale = 1;
  float epsilon = 0;
  // Learning rate / (1 - beta1^t).
  float step_size = 0;
  // Learning rate * weight decay; 0 where nothing decays.
  float decay = 0;
};

// The table of one target.
struct TrainingKernels {
  void (*add_outer_products)(const OuterProducts& products);

  // Of RmsNorm(x, weight): dx[i] += its gradient by x[i], given dy by its
  // outputs. Returns 1 / sqrt(mean + epsilon).
  float (*rms_norm_gradient)(const float* x, const float* weight,
                             const float* dy, float epsilon, size_t size,
                             float* dx);

  // out[i] = sum over rows t, ascending, of dy[t][i] * (x[t][i] * inverse[t]):
  // the gradient by an RmsNorm's weights, columns [0, columns).
  void (*norm_weight_gradient)(const float* dy, const float* x, size_t stride,
                               const float* inverse, size_t rows,
                               size_t columns, float* out);

  // Of Silu(gate) * up: `gradient`, by the outputs, becomes that by `gate`, and
  // `up_gradient` that by `up`.
  void (*swiglu_gradient)(const float* gate, const float* up, float* gradient,
                          float* up_gradient, size_t size);

  // Of Softmax(scale * x), whose outputs are `probabilities`: `gradient`, by the
  // outputs, becomes that by x.
  void (*softmax_gradient)(const float* probabilities, float* gradient,
                           size_t size, float scale);

  // logits[i] becomes (softmax(logits)[i] - (i == target)) * weight.
  CrossEntropyRow (*cross_entropy)(float* logits, size_t size, size_t target,
                                   float weight);

  // y[i] = y[i] + scale * x[i].
  void (*add_scaled)(float* y, const float* x, float scale, size_t size);

  // The strided sum of x[i] * x[i].
  float (*sum_of_squares)(const float* x, size_t size);

  void (*adam_step)(const AdamStep& step, const float* gradient,
                    float* first_moment, float* second_moment, float* weights,
                    size_t size);

  // For benchmarks: multiplies and adds f32 vectors that stay in registers, as
  // fast as this target can. Returns how many operations that were, a
  // multiplication and an addition counting as two.
  uint64_t (*compute_in_registers)(size_t iterations);
};

// The table for a target, which must be one of SupportedTargets(). Targets that
// differ only in 8-bit products share one.
const TrainingKernels& FindTrainingKernels(Target target);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_KERNELS_TRAINING_KERNELS_H_
