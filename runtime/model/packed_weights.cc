#include "runtime/model/packed_weights.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/packing.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// A matrix that is not looked up only.
bool IsMultipliedWith(const Weights& weights, int index) {
  return weights.tensors()[index].rows > 1 &&
         (index != weights.embeddings_index() ||
          index == weights.output_index());
}

// The tensor, with what its packed form will be.
TensorView WithPackedForm(TensorView tensor) {
  tensor.packed_half_scales = HasHalfScales(tensor);
  return tensor;
}

// Room for the packed form.
uint64_t SlotBytes(const TensorView& tensor) {
  return AlignUp(PackedBytes(tensor), AlignedBuffer::kAlignment);
}

// One tensor's place in the block.
struct Slot {
  TensorView tensor;
  uint8_t* packed;
};

// f32 matrices are copied for the sake of huge pages, of which WebAssembly has none.
#if defined(__wasm__)
constexpr bool kCopiesF32 = false;
#else
constexpr bool kCopiesF32 = true;
#endif

// Stored bytes that are packed before they are released.
constexpr uint64_t kReleaseBytes = uint64_t{1} << 20;

// Gives back the stored rows of some tiles, and their scales.
void ReleaseTiles(const TensorView& tensor, Range tiles,
                  const ByteSource& source) {
  const uint64_t first = tiles.begin * kTileRows;
  const uint64_t end =
      std::min(uint64_t{tiles.end} * kTileRows, uint64_t{tensor.rows});
  const uint64_t row_bytes =
      (tensor.StoredBytes() - tensor.rows * tensor.ScalesPerRow() * 4) /
      tensor.rows;
  source.Release({tensor.payload + first * row_bytes,
                  static_cast<size_t>((end - first) * row_bytes)});
  const uint64_t scales = tensor.ScalesPerRow();
  if (scales == 0) return;
  source.Release({reinterpret_cast<const uint8_t*>(tensor.scales +
                                                   first * scales),
                  static_cast<size_t>((end - first) * scales * 4)});
}

// Packs every thread's share of each tensor.
void PackShare(const std::vector<Slot>& slots, int thread, int threads,
               const ByteSource* source) {
  for (const Slot& slot : slots) {
    const Range tiles =
        SplitRange(TileCount(slot.tensor), 1, thread, threads);
    const auto step = static_cast<size_t>(std::max<uint64_t>(
        1, kReleaseBytes * TileCount(slot.tensor) / slot.tensor.StoredBytes()));
    for (size_t begin = tiles.begin; begin < tiles.end; begin += step) {
      const Range some = {begin, std::min(begin + step, tiles.end)};
      PackTiles(slot.tensor, some.begin, some.end, slot.packed);
      // From the first tile on: faults bring neighbours back.
      if (source != nullptr) {
        ReleaseTiles(slot.tensor, {tiles.begin, some.end}, *source);
      }
    }
  }
}

}  // namespace

absl::StatusOr<Weights> PackInPlace(const Weights& weights,
                                    const ByteSource& source) {
  Weights packed = weights;
  std::vector<int> indexes;
  uint64_t scratch_bytes = 0;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    const int index = static_cast<int>(i);
    if (!IsMultipliedWith(weights, index) ||
        !TilesFitInPlace(weights.tensors()[i])) {
      continue;
    }
    const TensorView tensor = WithPackedForm(weights.tensors()[i]);
    scratch_bytes = std::max(scratch_bytes, PackInPlaceScratchBytes(tensor));
    packed.Replace(index, tensor);
    indexes.push_back(index);
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const AlignedBuffer scratch,
      AlignedBuffer::Allocate(scratch_bytes, "scratch for repacking"));
  for (const int index : indexes) {
    const TensorView& tensor = packed.tensors()[index];
    uint8_t* const payload =
        source.Writable() + (tensor.payload - source.bytes().data());
    packed.Replace(index, PackInPlace(tensor, payload, scratch.data()));
  }
  return packed;
}

bool PackedWeights::Packs(const Weights& weights, int index) {
  const TensorView& tensor = weights.tensors()[index];
  return IsMultipliedWith(weights, index) && tensor.packed == nullptr &&
         HasPackedForm(tensor) &&
         (kCopiesF32 || tensor.dtype != DType::kF32);
}

bool PackedWeights::PacksAny(const Weights& weights) {
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    if (Packs(weights, static_cast<int>(i))) return true;
  }
  return false;
}

uint64_t PackedWeights::Bytes(const Weights& weights) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    if (!Packs(weights, static_cast<int>(i))) continue;
    bytes += SlotBytes(WithPackedForm(weights.tensors()[i]));
  }
  return bytes;
}

absl::StatusOr<PackedWeights> PackedWeights::Pack(const Weights& weights,
                                                  ThreadPool* pool,
                                                  const ByteSource* source) {
  Weights packed = weights;
  uint64_t bytes = 0;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    if (!Packs(weights, static_cast<int>(i))) continue;
    const TensorView tensor = WithPackedForm(weights.tensors()[i]);
    packed.Replace(static_cast<int>(i), tensor);
    bytes += SlotBytes(tensor);
  }
  PEDIGREE_ASSIGN_OR_RETURN(AlignedBuffer block,
                            AlignedBuffer::Allocate(bytes, "repacked weights"));
  std::vector<Slot> slots;
  uint8_t* next = block.data();
  for (size_t i = 0; i < packed.tensors().size(); ++i) {
    if (!Packs(weights, static_cast<int>(i))) continue;
    TensorView tensor = packed.tensors()[i];
    slots.push_back({tensor, next});
    tensor.packed = next;
    packed.Replace(static_cast<int>(i), tensor);
    next += SlotBytes(tensor);
  }
  pool->Run(pool->size(), [&](int thread) {
    PackShare(slots, thread, pool->size(), source);
  });
  return PackedWeights(std::move(packed), std::move(block));
}

PackedWeights::PackedWeights(Weights weights, AlignedBuffer block)
    : weights_(std::move(weights)), block_(std::move(block)) {}

}  // namespace pedigree
