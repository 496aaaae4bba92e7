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

// The tensor, with what its packed form will be.
TensorView WithPackedForm(TensorView tensor) {
  tensor.packed_half_scales = tensor.rows > 1 && HasHalfScales(tensor);
  return tensor;
}

// Room for the packed form; single rows are read as they are stored.
uint64_t SlotBytes(const TensorView& tensor) {
  if (tensor.rows == 1) return 0;
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
    bytes += SlotBytes(WithPackedForm(tensor));
  }
  return bytes;
}

absl::StatusOr<PackedWeights> PackedWeights::Pack(const Weights& weights,
                                                  ThreadPool* pool) {
  Weights packed = weights;
  uint64_t bytes = 0;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    packed.Replace(static_cast<int>(i), WithPackedForm(weights.tensors()[i]));
    bytes += SlotBytes(packed.tensors()[i]);
  }
  PEDIGREE_ASSIGN_OR_RETURN(AlignedBuffer block,
                            AlignedBuffer::Allocate(bytes, "repacked weights"));
  std::vector<Slot> slots;
  uint8_t* next = block.data();
  for (size_t i = 0; i < packed.tensors().size(); ++i) {
    TensorView tensor = packed.tensors()[i];
    if (SlotBytes(tensor) == 0) continue;
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
