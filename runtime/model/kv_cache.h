// Keys and values of one sequence's tokens.

#ifndef PEDIGREE_RUNTIME_MODEL_KV_CACHE_H_
#define PEDIGREE_RUNTIME_MODEL_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {

// Memory for `capacity` positions, for each layer and head of keys and values:
//   keys    f32 [capacity / 16, rounded up][head_dim][16]
//   values  f32 [capacity][head_dim]
// Lanes of keys are positions, so scores of 16 positions are computed at once
// and each is summed in the order of its dimensions. Movable.
class KvCache {
 public:
  static constexpr size_t kKeyLanes = 16;

  // Bytes for `capacity` positions; UINT64_MAX when 64 bits can't hold it.
  static uint64_t Bytes(const ModelShape& shape, uint32_t capacity);

  // Errors: code ResourceLimit when the system has not that much.
  static absl::StatusOr<KvCache> Create(const ModelShape& shape,
                                        uint32_t capacity);

  KvCache(KvCache&&) = default;
  KvCache& operator=(KvCache&&) = default;

  uint32_t capacity() const { return capacity_; }
  uint64_t bytes() const { return block_.size(); }

  const float* Keys(uint32_t layer, uint32_t kv_head) const {
    return Head(layer, kv_head);
  }
  const float* Values(uint32_t layer, uint32_t kv_head) const {
    return Head(layer, kv_head) + key_floats_;
  }

  // Stores the key and the value of one position, head_dim floats each. Calls
  // for different heads or positions may run at the same time.
  void Store(uint32_t layer, uint32_t kv_head, uint32_t position,
             const float* key, const float* value);

  // Takes over the first `positions` of another cache of the same shape, which
  // both have room for.
  void CopyStart(const KvCache& from, uint32_t positions);

 private:
  KvCache(const ModelShape& shape, uint32_t capacity, AlignedBuffer block);

  // Heads of all layers.
  size_t head_count() const {
    return block_.size() / (head_floats_ * sizeof(float));
  }
  float* HeadAt(size_t index) const {
    return reinterpret_cast<float*>(block_.data()) + index * head_floats_;
  }

  float* Head(uint32_t layer, uint32_t kv_head) const {
    return HeadAt(size_t{layer} * kv_head_count_ + kv_head);
  }

  uint32_t capacity_;
  size_t kv_head_count_;
  size_t head_dim_;
  size_t key_floats_;
  size_t head_floats_;
  AlignedBuffer block_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_KV_CACHE_H_
