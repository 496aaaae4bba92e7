#include "packager/training/causal_attention.h"

#include <algorithm>
#include <cstddef>

#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

// Queries and keys that are taken together: positions of a vector.
constexpr size_t kBlock = 16;

void Reserve(std::vector<float>& buffer, size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

float ScoreScale(const AttentionGroup& group) {
  return 1.0f / SqrtF(static_cast<float>(group.head_dim));
}

}  // namespace

size_t ProbabilityStride(size_t tokens) {
  return (tokens + kBlock - 1) / kBlock * kBlock;
}

void CausalAttention::PackKeysAndValues(const AttentionGroup& group) {
  const size_t dim = group.head_dim;
  Reserve(packed_keys_, ProbabilityStride(group.tokens) * dim);
  Reserve(packed_values_, group.tokens * dim);
  for (size_t t = 0; t < group.tokens; ++t) {
    float* tile = packed_keys_.data() + t / kBlock * kBlock * dim + t % kBlock;
    const float* key = group.keys + t * group.kv_stride;
    for (size_t i = 0; i < dim; ++i) tile[i * kBlock] = key[i];
    const float* value = group.values + t * group.kv_stride;
    std::copy(value, value + dim, packed_values_.data() + t * dim);
  }
}

bool CausalAttention::Forward(const AttentionGroup& group, float* out) {
  PackKeysAndValues(group);
  const size_t stride = ProbabilityStride(group.tokens);
  AttentionHead head;
  head.keys = packed_keys_.data();
  head.values = packed_values_.data();
  head.head_dim = group.head_dim;
  head.query_stride = group.query_stride;
  head.out_stride = group.query_stride;
  head.score_stride = stride;
  head.scale = ScoreScale(group);
  bool finite = true;
  for (size_t h = 0; h < group.query_heads; ++h) {
    float* rows = group.probabilities + h * group.tokens * stride;
    for (size_t first = 0; first < group.tokens; first += kMaxBatchTokens) {
      head.tokens = std::min(kMaxBatchTokens, group.tokens - first);
      head.first_position = first;
      const size_t at = first * group.query_stride + h * group.head_dim;
      head.queries = group.queries + at;
      head.out = out + at;
      head.scores = rows + first * stride;
      finite &= kernels_.attend(head) == AttentionResult::kOk;
    }
    // Later positions have no part: zeros, as far as a block reaches.
    for (size_t s = 0; s < group.tokens; ++s) {
      float* row = rows + s * stride;
      std::fill(row + s + 1, row + ProbabilityStride(s + 1), 0.0f);
    }
  }
  return finite;
}

void CausalAttention::TransposeValues(const AttentionGroup& group) {
  const size_t stride = ProbabilityStride(group.tokens);
  Reserve(transposed_values_, stride * group.head_dim);
  for (size_t t = 0; t < group.tokens; ++t) {
    const float* value = group.values + t * group.kv_stride;
    for (size_t i = 0; i < group.head_dim; ++i) {
      transposed_values_[i * stride + t] = value[i];
    }
  }
}

void CausalAttention::ScoreGradients(const AttentionGroup& group, size_t head,
                                     const float* out_gradient,
                                     float* query_gradient) {
  const size_t stride = ProbabilityStride(group.tokens);
  const float* probabilities =
      group.probabilities + head * group.tokens * stride;
  for (size_t first = 0; first < group.tokens; first += kBlock) {
    const size_t end = std::min(first + kBlock, group.tokens);
    float* rows = score_gradients_.data() + first * stride;
    OuterProducts by_probability;
    by_probability.a = out_gradient + first * group.query_stride;
    by_probability.a_row_stride = group.query_stride;
    by_probability.a_inner_stride = 1;
    by_probability.b = transposed_values_.data();
    by_probability.b_stride = stride;
    by_probability.out = rows;
    by_probability.out_stride = stride;
    by_probability.rows = end - first;
    by_probability.inner = group.head_dim;
    by_probability.columns = end;
    training_.add_outer_products(by_probability);
    for (size_t s = first; s < end; ++s) {
      float* row = score_gradients_.data() + s * stride;
      training_.softmax_gradient(probabilities + s * stride, row, s + 1,
                                 ScoreScale(group));
      std::fill(row + s + 1, row + ProbabilityStride(s + 1), 0.0f);
    }
    OuterProducts by_query;
    by_query.a = rows;
    by_query.a_row_stride = stride;
    by_query.a_inner_stride = 1;
    by_query.b = group.keys;
    by_query.b_stride = group.kv_stride;
    by_query.out = query_gradient + first * group.query_stride;
    by_query.out_stride = group.query_stride;
    by_query.rows = end - first;
    by_query.inner = end;
    by_query.columns = group.head_dim;
    training_.add_outer_products(by_query);
  }
}

void CausalAttention::SumOverQueries(const AttentionGroup& group,
                                     const float* weights, const float* x,
                                     bool add, float* gradient) {
  const size_t stride = ProbabilityStride(group.tokens);
  for (size_t first = 0; first < group.tokens; first += kBlock) {
    OuterProducts products;
    products.a = weights + first * stride + first;
    products.a_row_stride = 1;
    products.a_inner_stride = stride;
    products.b = x + first * group.query_stride;
    products.b_stride = group.query_stride;
    products.out = gradient + first * group.kv_stride;
    products.out_stride = group.kv_stride;
    products.rows = std::min(kBlock, group.tokens - first);
    products.inner = group.tokens - first;
    products.columns = group.head_dim;
    products.add = add;
    training_.add_outer_products(products);
  }
}

void CausalAttention::Backward(const AttentionGroup& group,
                               const float* out_gradient,
                               float* query_gradient, float* key_gradient,
                               float* value_gradient) {
  TransposeValues(group);
  const size_t stride = ProbabilityStride(group.tokens);
  Reserve(score_gradients_, group.tokens * stride);
  for (size_t h = 0; h < group.query_heads; ++h) {
    const size_t at = h * group.head_dim;
    ScoreGradients(group, h, out_gradient + at, query_gradient + at);
    SumOverQueries(group, group.probabilities + h * group.tokens * stride,
                   out_gradient + at, h > 0, value_gradient);
    SumOverQueries(group, score_gradients_.data(), group.queries + at, h > 0,
                   key_gradient);
  }
}

}  // namespace pedigree
