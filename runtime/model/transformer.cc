#include "runtime/model/transformer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/mat_vec.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/rms_norm.h"
#include "runtime/tensor/rope.h"
#include "runtime/tensor/silu.h"
#include "runtime/tensor/softmax.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

// For places outside the layers.
constexpr int kNoLayer = -1;

absl::Status NotFinite(int layer, std::string_view name) {
  return MakeError(ErrorCode::kGenerationFailed,
                   layer == kNoLayer
                       ? absl::StrCat("Activation is not finite: ", name)
                       : absl::StrCat("Activation is not finite: layers.",
                                      layer, ".", name));
}

absl::Status CheckFinite(absl::Span<const float> values, int layer,
                         std::string_view name) {
  return AllFinite(values) ? absl::OkStatus() : NotFinite(layer, name);
}

template <typename T>
absl::Span<T> Part(const AlignedBuffer& block, uint64_t offset,
                   uint64_t count) {
  return {reinterpret_cast<T*>(block.data() + offset),
          static_cast<size_t>(count)};
}

bool Quantized(const TensorView* tensor) {
  return tensor->dtype != DType::kF32;
}

}  // namespace

absl::StatusOr<Transformer> Transformer::Create(const ModelShape& shape) {
  PEDIGREE_ASSIGN_OR_RETURN(const MemoryPlan plan, PlanMemory(shape));
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer block,
      AlignedBuffer::Allocate(plan.total_bytes, "KV cache and scratch"));
  return Transformer(shape, plan, std::move(block));
}

Transformer::Transformer(const ModelShape& shape, const MemoryPlan& plan,
                         AlignedBuffer block)
    : shape_(shape), plan_(plan), block_(std::move(block)) {
  const uint64_t heads = uint64_t{shape.head_count} * shape.head_dim;
  const uint64_t widest =
      std::max({uint64_t{shape.hidden_size}, uint64_t{shape.ffn_size}, heads});
  const uint64_t pairs = shape.head_dim / 2;
  Scratch& s = scratch_;
  s.residual = Part<float>(block_, plan.residual, shape.hidden_size);
  s.normed = Part<float>(block_, plan.normed, shape.hidden_size);
  s.norm_weight = Part<float>(block_, plan.norm_weight, shape.hidden_size);
  s.query = Part<float>(block_, plan.query, heads);
  s.attention = Part<float>(block_, plan.attention, heads);
  s.projection = Part<float>(block_, plan.projection, shape.hidden_size);
  s.gate = Part<float>(block_, plan.gate, shape.ffn_size);
  s.up = Part<float>(block_, plan.up, shape.ffn_size);
  s.scores = Part<float>(block_, plan.scores, shape.max_context);
  s.logits = Part<float>(block_, plan.logits, shape.vocab_size);
  s.rope_frequencies = Part<double>(block_, plan.rope_frequencies, pairs);
  s.rope_cosines = Part<float>(block_, plan.rope_cosines, pairs);
  s.rope_sines = Part<float>(block_, plan.rope_sines, pairs);
  s.activation_values = Part<int8_t>(block_, plan.activation_values, widest);
  s.activation_scales =
      Part<float>(block_, plan.activation_scales, ActivationBlocks(widest));
  kv_cache_ = KvCache(
      shape, reinterpret_cast<float*>(block_.data() + plan.kv_cache));
  RopeFrequencies(shape.rope_theta, shape.head_dim, s.rope_frequencies);
}

absl::StatusOr<absl::Span<const float>> Transformer::Forward(
    const Weights& weights, uint32_t token, uint32_t position, Logits logits) {
  if (position >= shape_.max_context) {
    return MakeError(ErrorCode::kContextExceeded,
                     absl::StrCat("Position ", position,
                                  " is past max_context ",
                                  shape_.max_context));
  }
  DequantizeRow(weights.embeddings(), token, scratch_.residual);
  PEDIGREE_RETURN_IF_ERROR(
      CheckFinite(scratch_.residual, kNoLayer, "tok_embeddings"));
  RopeRow(position, scratch_.rope_frequencies, scratch_.rope_cosines,
          scratch_.rope_sines);
  const int layer_count = static_cast<int>(shape_.layer_count);
  for (int layer = 0; layer < layer_count; ++layer) {
    PEDIGREE_RETURN_IF_ERROR(RunLayer(weights, layer, position));
  }
  if (logits == Logits::kSkip) return absl::Span<const float>();
  PEDIGREE_RETURN_IF_ERROR(Normalize(weights.norm(), kNoLayer, "norm"));
  const TensorView& output = weights.output();
  MatVec(output, Prepare(scratch_.normed, {&output}),
         scratch_.logits);
  PEDIGREE_RETURN_IF_ERROR(CheckFinite(scratch_.logits, kNoLayer, "logits"));
  return scratch_.logits;
}

absl::Status Transformer::RunLayer(const Weights& weights, int layer,
                                   uint32_t position) {
  PEDIGREE_RETURN_IF_ERROR(ProjectQkv(weights, layer, position));
  PEDIGREE_RETURN_IF_ERROR(Attend(layer, position));
  const TensorView& wo = weights.layer(layer, LayerTensor::kWo);
  MatVec(wo, Prepare(scratch_.attention, {&wo}), scratch_.projection);
  PEDIGREE_RETURN_IF_ERROR(AddToResidual(layer, "wo"));
  return FeedForward(weights, layer);
}

absl::Status Transformer::ProjectQkv(const Weights& weights, int layer,
                                     uint32_t position) {
  PEDIGREE_RETURN_IF_ERROR(Normalize(
      weights.layer(layer, LayerTensor::kAttnNorm), layer, "attn_norm"));
  const TensorView& wq = weights.layer(layer, LayerTensor::kWq);
  const TensorView& wk = weights.layer(layer, LayerTensor::kWk);
  const TensorView& wv = weights.layer(layer, LayerTensor::kWv);
  const Activation x = Prepare(scratch_.normed, {&wq, &wk, &wv});
  MatVec(wq, x, scratch_.query);
  for (uint32_t head = 0; head < shape_.head_count; ++head) {
    ApplyRope(scratch_.query.subspan(size_t{head} * shape_.head_dim,
                                     shape_.head_dim),
              scratch_.rope_cosines, scratch_.rope_sines);
  }
  PEDIGREE_RETURN_IF_ERROR(CheckFinite(scratch_.query, layer, "wq"));
  for (uint32_t head = 0; head < shape_.kv_head_count; ++head) {
    const absl::Span<float> key = kv_cache_.Key(layer, head, position);
    MatVec(RowsOf(wk, uint64_t{head} * shape_.head_dim, shape_.head_dim), x,
           key);
    ApplyRope(key, scratch_.rope_cosines, scratch_.rope_sines);
    PEDIGREE_RETURN_IF_ERROR(CheckFinite(key, layer, "wk"));
    const absl::Span<float> value = kv_cache_.Value(layer, head, position);
    MatVec(RowsOf(wv, uint64_t{head} * shape_.head_dim, shape_.head_dim), x,
           value);
    PEDIGREE_RETURN_IF_ERROR(CheckFinite(value, layer, "wv"));
  }
  return absl::OkStatus();
}

absl::Status Transformer::Attend(int layer, uint32_t position) {
  const float scale =
      1.0f / SqrtF(static_cast<float>(shape_.head_dim));
  const absl::Span<float> scores = scratch_.scores.subspan(0, position + 1);
  const uint32_t group = shape_.head_count / shape_.kv_head_count;
  for (uint32_t head = 0; head < shape_.head_count; ++head) {
    const absl::Span<const float> query = scratch_.query.subspan(
        size_t{head} * shape_.head_dim, shape_.head_dim);
    for (uint32_t t = 0; t <= position; ++t) {
      scores[t] = DotF32(query, kv_cache_.Key(layer, head / group, t)) * scale;
    }
    PEDIGREE_RETURN_IF_ERROR(CheckFinite(scores, layer, "attention scores"));
    Softmax(scores);
    const absl::Span<float> out = scratch_.attention.subspan(
        size_t{head} * shape_.head_dim, shape_.head_dim);
    std::fill(out.begin(), out.end(), 0.0f);
    for (uint32_t t = 0; t <= position; ++t) {
      const absl::Span<const float> value =
          kv_cache_.Value(layer, head / group, t);
      for (size_t i = 0; i < out.size(); ++i) out[i] += scores[t] * value[i];
    }
  }
  return CheckFinite(scratch_.attention, layer, "attention");
}

absl::Status Transformer::FeedForward(const Weights& weights, int layer) {
  PEDIGREE_RETURN_IF_ERROR(Normalize(
      weights.layer(layer, LayerTensor::kFfnNorm), layer, "ffn_norm"));
  const TensorView& w1 = weights.layer(layer, LayerTensor::kW1);
  const TensorView& w3 = weights.layer(layer, LayerTensor::kW3);
  const Activation x = Prepare(scratch_.normed, {&w1, &w3});
  MatVec(w1, x, scratch_.gate);
  MatVec(w3, x, scratch_.up);
  PEDIGREE_RETURN_IF_ERROR(CheckFinite(scratch_.gate, layer, "w1"));
  PEDIGREE_RETURN_IF_ERROR(CheckFinite(scratch_.up, layer, "w3"));
  SwiGlu(scratch_.gate, scratch_.up);
  PEDIGREE_RETURN_IF_ERROR(CheckFinite(scratch_.gate, layer, "swiglu"));
  const TensorView& w2 = weights.layer(layer, LayerTensor::kW2);
  MatVec(w2, Prepare(scratch_.gate, {&w2}), scratch_.projection);
  return AddToResidual(layer, "w2");
}

absl::Status Transformer::Normalize(const TensorView& norm, int layer,
                                    std::string_view name) {
  DequantizeRow(norm, 0, scratch_.norm_weight);
  if (!RmsNorm(scratch_.residual, scratch_.norm_weight,
               shape_.rms_norm_epsilon, scratch_.normed)) {
    return NotFinite(layer, name);
  }
  return CheckFinite(scratch_.normed, layer, name);
}

absl::Status Transformer::AddToResidual(int layer, std::string_view name) {
  for (size_t i = 0; i < scratch_.residual.size(); ++i) {
    scratch_.residual[i] += scratch_.projection[i];
  }
  return CheckFinite(scratch_.residual, layer, name);
}

Activation Transformer::Prepare(
    absl::Span<const float> values,
    std::initializer_list<const TensorView*> readers) {
  Activation activation;
  activation.values = values;
  if (std::none_of(readers.begin(), readers.end(), Quantized)) {
    return activation;
  }
  const absl::Span<int8_t> integers =
      scratch_.activation_values.subspan(0, values.size());
  const absl::Span<float> scales = scratch_.activation_scales.subspan(
      0, static_cast<size_t>(ActivationBlocks(values.size())));
  QuantizeActivation(values, integers, scales);
  activation.quantized = {integers, scales};
  return activation;
}

}  // namespace pedigree
