#include "runtime/model/kv_cache.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {
namespace {

uint64_t PaddedCapacity(uint32_t capacity) {
  return AlignUp(capacity, KvCache::kKeyLanes);
}

}  // namespace

uint64_t KvCache::Bytes(const ModelShape& shape, uint32_t capacity) {
  const uint64_t positions = PaddedCapacity(capacity) + capacity;
  const std::optional<uint64_t> heads =
      CheckedMul(shape.layer_count, shape.kv_head_count);
  const std::optional<uint64_t> floats =
      CheckedMul(positions, uint64_t{shape.head_dim} * sizeof(float));
  if (!heads.has_value() || !floats.has_value()) {
    return std::numeric_limits<uint64_t>::max();
  }
  return CheckedMul(*heads, *floats)
      .value_or(std::numeric_limits<uint64_t>::max());
}

absl::StatusOr<KvCache> KvCache::Create(const ModelShape& shape,
                                        uint32_t capacity) {
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer block,
      AlignedBuffer::Allocate(Bytes(shape, capacity), "KV cache"));
  return KvCache(shape, capacity, std::move(block));
}

KvCache::KvCache(const ModelShape& shape, uint32_t capacity,
                 AlignedBuffer block)
    : capacity_(capacity),
      kv_head_count_(shape.kv_head_count),
      head_dim_(shape.head_dim),
      key_floats_(static_cast<size_t>(PaddedCapacity(capacity)) *
                  shape.head_dim),
      head_floats_(key_floats_ + size_t{capacity} * shape.head_dim),
      block_(std::move(block)) {}

void KvCache::Store(uint32_t layer, uint32_t kv_head, uint32_t position,
                    const float* key, const float* value) {
  float* keys = Head(layer, kv_head);
  float* lane = keys + position / kKeyLanes * kKeyLanes * head_dim_ +
                position % kKeyLanes;
  for (size_t i = 0; i < head_dim_; ++i) lane[i * kKeyLanes] = key[i];
  std::copy(value, value + head_dim_,
            keys + key_floats_ + position * head_dim_);
}

void KvCache::CopyStart(const KvCache& from, uint32_t positions) {
  PEDIGREE_CHECK(positions <= capacity_ && positions <= from.capacity_);
  PEDIGREE_CHECK(head_count() == from.head_count() &&
                 head_dim_ == from.head_dim_);
  // Whole groups of lanes: what is past `positions` is not read before it is
  // stored anew.
  const size_t keys =
      static_cast<size_t>(PaddedCapacity(positions)) * head_dim_;
  const size_t values = size_t{positions} * head_dim_;
  for (size_t i = 0; i < head_count(); ++i) {
    const float* source = from.HeadAt(i);
    float* target = HeadAt(i);
    std::copy(source, source + keys, target);
    std::copy(source + from.key_floats_, source + from.key_floats_ + values,
              target + key_floats_);
  }
}

}  // namespace pedigree
