#include "runtime/model/memory_plan.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/quantize_activation.h"

namespace pedigree {
namespace {

// Lays parts end to end; nothing once a size has overflowed.
class Layout {
 public:
  uint64_t Add(uint64_t count, uint64_t element_bytes) {
    const uint64_t offset = end_.value_or(0);
    const std::optional<uint64_t> bytes = CheckedMul(count, element_bytes);
    if (!bytes.has_value() || !end_.has_value()) {
      end_.reset();
      return offset;
    }
    const std::optional<uint64_t> end = CheckedAdd(offset, *bytes);
    end_ = end.has_value() ? CheckedAdd(*end, kPadding) : std::nullopt;
    if (end_.has_value()) end_ = *end_ & ~kPadding;
    return offset;
  }
  std::optional<uint64_t> end() const { return end_; }

 private:
  static constexpr uint64_t kPadding = 63;
  std::optional<uint64_t> end_ = 0;
};

absl::Status TooLarge(std::optional<uint64_t> bytes, uint64_t max_bytes) {
  return MakeError(
      ErrorCode::kResourceLimit,
      absl::StrCat("Model needs ",
                   bytes.has_value() ? absl::StrCat(*bytes) : "2^64 or more",
                   " bytes of KV cache and scratch (limit ", max_bytes, ")"));
}

}  // namespace

uint64_t KvBytesPerToken(const ModelShape& shape) {
  const std::optional<uint64_t> values =
      CheckedMul(uint64_t{2} * shape.kv_head_count * sizeof(float),
                 uint64_t{shape.head_dim} * shape.layer_count);
  return values.value_or(UINT64_MAX);
}

absl::StatusOr<MemoryPlan> PlanMemory(const ModelShape& shape,
                                      uint64_t max_bytes) {
  if (shape.max_context > kMaxContextLimit) {
    return MakeError(ErrorCode::kResourceLimit,
                     absl::StrCat("Model has max_context ", shape.max_context,
                                  " (limit ", kMaxContextLimit, ")"));
  }
  const uint64_t heads = uint64_t{shape.head_count} * shape.head_dim;
  const uint64_t widest =
      std::max({uint64_t{shape.hidden_size}, uint64_t{shape.ffn_size}, heads});
  const uint64_t pairs = shape.head_dim / 2;
  MemoryPlan plan;
  Layout layout;
  plan.residual = layout.Add(shape.hidden_size, sizeof(float));
  plan.normed = layout.Add(shape.hidden_size, sizeof(float));
  plan.norm_weight = layout.Add(shape.hidden_size, sizeof(float));
  plan.query = layout.Add(heads, sizeof(float));
  plan.attention = layout.Add(heads, sizeof(float));
  plan.projection = layout.Add(shape.hidden_size, sizeof(float));
  plan.gate = layout.Add(shape.ffn_size, sizeof(float));
  plan.up = layout.Add(shape.ffn_size, sizeof(float));
  plan.scores = layout.Add(shape.max_context, sizeof(float));
  plan.logits = layout.Add(shape.vocab_size, sizeof(float));
  plan.rope_frequencies = layout.Add(pairs, sizeof(double));
  plan.rope_cosines = layout.Add(pairs, sizeof(float));
  plan.rope_sines = layout.Add(pairs, sizeof(float));
  plan.activation_values = layout.Add(widest, sizeof(int8_t));
  plan.activation_scales = layout.Add(ActivationBlocks(widest), sizeof(float));
  plan.scratch_bytes = layout.end().value_or(0);
  plan.kv_cache = layout.Add(shape.max_context, KvBytesPerToken(shape));
  if (!layout.end().has_value() || *layout.end() > max_bytes) {
    return TooLarge(layout.end(), max_bytes);
  }
  plan.kv_cache_bytes = shape.max_context * KvBytesPerToken(shape);
  plan.total_bytes = plan.scratch_bytes + plan.kv_cache_bytes;
  return plan;
}

}  // namespace pedigree
