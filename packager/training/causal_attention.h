// Causal attention over whole sequences, forward and backward.
// Specification: docs/training.md, "Attention".

#ifndef PEDIGREE_PACKAGER_TRAINING_CAUSAL_ATTENTION_H_
#define PEDIGREE_PACKAGER_TRAINING_CAUSAL_ATTENTION_H_

#include <cstddef>
#include <vector>

#include "packager/training/kernels/training_kernels.h"
#include "runtime/kernels/kernels.h"

namespace pedigree {

// One sequence's key-value head with the query heads that read it. Rows of
// queries, and of what has their layout, are query_stride floats apart, heads
// head_dim; rows of keys and values kv_stride.
struct AttentionGroup {
  size_t tokens = 0;
  size_t head_dim = 0;
  size_t query_heads = 0;
  size_t query_stride = 0;
  size_t kv_stride = 0;
  const float* queries = nullptr;
  const float* keys = nullptr;
  const float* values = nullptr;
  // [query_heads][tokens][ProbabilityStride(tokens)], made by Forward, read by
  // Backward.
  float* probabilities = nullptr;
};

// Floats of a row of probabilities: whole vectors of keys.
size_t ProbabilityStride(size_t tokens);

// Works in scratch of its own, so each thread needs one.
class CausalAttention {
 public:
  CausalAttention(const Kernels& kernels, const TrainingKernels& training)
      : kernels_(kernels), training_(training) {}

  // out: in the queries' layout. Whether all is finite.
  bool Forward(const AttentionGroup& group, float* out);

  // Gradients by queries, keys and values, given those by the outputs.
  void Backward(const AttentionGroup& group, const float* out_gradient,
                float* query_gradient, float* key_gradient,
                float* value_gradient);

 private:
  void PackKeysAndValues(const AttentionGroup& group);
  void TransposeValues(const AttentionGroup& group);
  void ScoreGradients(const AttentionGroup& group, size_t head,
                      const float* out_gradient, float* query_gradient);
  // gradient[t] (+)= the sum over s >= t, ascending, of weights[s][t] * x[s].
  void SumOverQueries(const AttentionGroup& group, const float* weights,
                      const float* x, bool add, float* gradient);

  const Kernels& kernels_;
  const TrainingKernels& training_;
  // Keys [tokens / 16][head_dim][16], values [tokens][head_dim] as the kernel
  // wants them; values [head_dim][stride]; gradients by scores
  // [tokens][stride].
  std::vector<float> packed_keys_;
  std::vector<float> packed_values_;
  std::vector<float> transposed_values_;
  std::vector<float> score_gradients_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_CAUSAL_ATTENTION_H_
