#include "runtime/model/packed_weights.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"
#include "runtime/kernels/packing.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

uint64_t SlotBytes(const TensorView& tensor) {
  return AlignUp(PackedBytes(tensor), AlignedBuffer::kAlignment);
}

// One tensor's place in the block.
struct Slot {
  TensorView tensor;
  uint8_t* packed;
};

// Packs every thread's share of each tensor.
void PackShare(const std::vector<Slot>& slots, int thread, int threads) {
  for (const Slot& slot : slots) {
    const Range tiles =
        SplitRange(TileCount(slot.tensor), 1, thread, threads);
    PackTiles(slot.tensor, tiles.begin, tiles.end, slot.packed);
  }
}

}  // namespace

uint64_t PackedWeights::Bytes(const Weights& weights) {
  uint64_t bytes = 0;
  for (const TensorView& tensor : weights.tensors()) {
    if (tensor.rows > 1) bytes += SlotBytes(tensor);
  }
  return bytes;
}

absl::StatusOr<PackedWeights> PackedWeights::Pack(const Weights& weights,
                                                  ThreadPool* pool) {
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer block,
      AlignedBuffer::Allocate(Bytes(weights), "repacked weights"));
  Weights packed = weights;
  std::vector<Slot> slots;
  uint8_t* next = block.data();
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    TensorView tensor = weights.tensors()[i];
    if (tensor.rows == 1 || !HasTiles(tensor)) continue;
    slots.push_back({tensor, next});
    tensor.packed = next;
    packed.Replace(static_cast<int>(i), tensor);
    next += SlotBytes(tensor);
  }
  pool->Run(pool->size(), [&](int thread) {
    PackShare(slots, thread, pool->size());
  });
  return PackedWeights(std::move(packed), std::move(block));
}

PackedWeights::PackedWeights(Weights weights, AlignedBuffer block)
    : weights_(std::move(weights)), block_(std::move(block)) {}

}  // namespace pedigree
