#include "runtime/model/memory_plan.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/model/kv_cache.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

constexpr uint64_t kAlignment = 64;

// Lays parts end to end; nothing once a size has overflowed.
class Layout {
 public:
  // Room for a product of counts.
  uint64_t Add(std::initializer_list<uint64_t> counts) {
    std::optional<uint64_t> bytes = 1;
    for (uint64_t count : counts) {
      if (bytes.has_value()) bytes = CheckedMul(*bytes, count);
    }
    const uint64_t offset = end_.value_or(0);
    if (end_.has_value() && bytes.has_value()) {
      end_ = CheckedAdd(offset, *bytes);
      if (end_.has_value()) end_ = CheckedAdd(*end_, kAlignment - 1);
      if (end_.has_value()) end_ = *end_ & ~(kAlignment - 1);
    } else {
      end_.reset();
    }
    return offset;
  }
  std::optional<uint64_t> end() const { return end_; }

 private:
  std::optional<uint64_t> end_ = 0;
};

absl::Status TooLarge(std::optional<uint64_t> bytes, uint64_t max_bytes) {
  return MakeError(ErrorCode::kResourceLimit, "Model needs ",
                   bytes.has_value() ? Concat(*bytes) : "2^64 or more",
                   " bytes of KV cache and scratch (limit ", max_bytes, ")");
}

absl::Status CheckRange(std::string_view option, uint64_t value,
                        uint64_t largest) {
  if (value >= 1 && value <= largest) return absl::OkStatus();
  return MakeError(ErrorCode::kInvalidLength, "Invalid option: ", option,
                   " is ", value, " (expected 1..", largest, ")");
}

absl::Status CheckOptions(const ModelShape& shape,
                          const MemoryOptions& options) {
  if (shape.max_context > kMaxContextLimit) {
    return MakeError(ErrorCode::kResourceLimit, "Model has max_context ",
                     shape.max_context, " (limit ", kMaxContextLimit, ")");
  }
  PEDIGREE_RETURN_IF_ERROR(
      CheckRange("batch_tokens", options.batch_tokens, kMaxBatchTokens));
  PEDIGREE_RETURN_IF_ERROR(
      CheckRange("logits_rows", options.logits_rows, options.batch_tokens));
  PEDIGREE_RETURN_IF_ERROR(
      CheckRange("threads", options.threads, kMaxThreads));
  PEDIGREE_RETURN_IF_ERROR(
      CheckRange("sequences", options.sequences, UINT32_MAX));
  if (options.context_tokens == 0) return absl::OkStatus();
  return CheckRange("context_tokens", options.context_tokens,
                    shape.max_context);
}

}  // namespace

uint64_t KvBytesPerToken(const ModelShape& shape) {
  const std::optional<uint64_t> values =
      CheckedMul(uint64_t{2} * shape.kv_head_count * sizeof(float),
                 uint64_t{shape.head_dim} * shape.layer_count);
  return values.value_or(UINT64_MAX);
}

absl::StatusOr<MemoryPlan> PlanMemory(const ModelShape& shape,
                                      const MemoryOptions& options,
                                      uint64_t max_bytes) {
  PEDIGREE_RETURN_IF_ERROR(CheckOptions(shape, options));
  const uint64_t heads = uint64_t{shape.head_count} * shape.head_dim;
  const uint64_t kv_heads = uint64_t{shape.kv_head_count} * shape.head_dim;
  const uint64_t input =
      AlignUp(std::max(uint64_t{shape.hidden_size}, heads), kActivationBlock);
  const uint64_t gate = AlignUp(shape.ffn_size, kActivationBlock);
  const uint64_t pairs = shape.head_dim / 2;
  const uint64_t batch = options.batch_tokens;
  MemoryPlan plan;
  plan.context_tokens = options.context_tokens == 0 ? shape.max_context
                                                    : options.context_tokens;
  // One byte a column, and at most one scale a block of columns.
  const uint64_t widest = std::max(input, gate);
  plan.tile_bytes =
      kTileRows * (widest + widest / kActivationBlock * sizeof(float));
  Layout layout;
  plan.residual = layout.Add({batch, shape.hidden_size, sizeof(float)});
  plan.normed = layout.Add({batch, shape.hidden_size, sizeof(float)});
  plan.projection = layout.Add({batch, shape.hidden_size, sizeof(float)});
  plan.query = layout.Add({batch, heads, sizeof(float)});
  plan.key = layout.Add({batch, kv_heads, sizeof(float)});
  plan.value = layout.Add({batch, kv_heads, sizeof(float)});
  plan.attention = layout.Add({batch, heads, sizeof(float)});
  plan.gate = layout.Add({batch, shape.ffn_size, sizeof(float)});
  plan.up = layout.Add({batch, shape.ffn_size, sizeof(float)});
  plan.logits =
      layout.Add({options.logits_rows, shape.vocab_size, sizeof(float)});
  plan.rope_frequencies = layout.Add({pairs, sizeof(double)});
  plan.rope_cosines = layout.Add({batch, pairs, sizeof(float)});
  plan.rope_sines = layout.Add({batch, pairs, sizeof(float)});
  plan.integers = layout.Add({batch, input});
  plan.split_integers = layout.Add({batch, input});
  plan.scales = layout.Add({batch, input / kActivationBlock, sizeof(float)});
  plan.sums = layout.Add({batch, input / kActivationBlock, sizeof(int32_t)});
  plan.gate_integers = layout.Add({batch, gate});
  plan.gate_split_integers = layout.Add({batch, gate});
  plan.gate_scales =
      layout.Add({batch, gate / kActivationBlock, sizeof(float)});
  plan.gate_sums =
      layout.Add({batch, gate / kActivationBlock, sizeof(int32_t)});
  plan.norm_weight =
      layout.Add({options.threads, shape.hidden_size, sizeof(float)});
  plan.scores = layout.Add({options.threads, kAttentionTokens,
                            AlignUp(plan.context_tokens, KvCache::kKeyLanes),
                            sizeof(float)});
  plan.tile = layout.Add({options.threads, plan.tile_bytes});
  const uint64_t scratch_bytes = layout.end().value_or(0);
  layout.Add({options.sequences,
              KvCache::Bytes(shape,
                             static_cast<uint32_t>(plan.context_tokens))});
  if (!layout.end().has_value() || *layout.end() > max_bytes) {
    return TooLarge(layout.end(), max_bytes);
  }
  plan.scratch_bytes = scratch_bytes;
  plan.kv_cache_bytes = *layout.end() - scratch_bytes;
  plan.total_bytes = *layout.end();
  return plan;
}

}  // namespace pedigree
