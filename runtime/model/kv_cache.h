// Keys and values of the tokens so far.

#ifndef PEDIGREE_RUNTIME_MODEL_KV_CACHE_H_
#define PEDIGREE_RUNTIME_MODEL_KV_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// f32 [layer][key, value][kv_head][position][head_dim] over borrowed memory:
// the keys of one head lie together, in order of position.
class KvCache {
 public:
  KvCache() = default;
  // `values` holds MemoryPlan::kv_cache_bytes.
  KvCache(const ModelShape& shape, float* values)
      : values_(values),
        kv_head_count_(shape.kv_head_count),
        max_context_(shape.max_context),
        head_dim_(shape.head_dim) {}

  absl::Span<float> Key(uint32_t layer, uint32_t kv_head, uint32_t position) {
    return At(2 * size_t{layer}, kv_head, position);
  }
  absl::Span<float> Value(uint32_t layer, uint32_t kv_head,
                          uint32_t position) {
    return At(2 * size_t{layer} + 1, kv_head, position);
  }

 private:
  absl::Span<float> At(size_t plane, uint32_t kv_head, uint32_t position) {
    const size_t row =
        (plane * kv_head_count_ + kv_head) * max_context_ + position;
    return {values_ + row * head_dim_, head_dim_};
  }

  float* values_ = nullptr;
  size_t kv_head_count_ = 0;
  size_t max_context_ = 0;
  size_t head_dim_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_KV_CACHE_H_
