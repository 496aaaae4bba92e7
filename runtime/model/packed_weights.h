// A model's matrices in the order in which kernels read them.

#ifndef PEDIGREE_RUNTIME_MODEL_PACKED_WEIGHTS_H_
#define PEDIGREE_RUNTIME_MODEL_PACKED_WEIGHTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Owns one packed copy of the quantized matrices (runtime/kernels/packing.h).
// f32 matrices are read where they are. The stored form stays in use for single
// rows: embeddings, adapters.
class PackedWeights {
 public:
  // Bytes of the copy.
  static uint64_t Bytes(const Weights& weights);

  // Packs with all threads of `pool`. `weights` borrows what it did before.
  //
  // Errors: code ResourceLimit.
  static absl::StatusOr<PackedWeights> Pack(const Weights& weights,
                                            ThreadPool* pool);

  // The same tensors, with TensorView::packed set; valid as long as this object
  // and what the original weights borrow.
  const Weights& weights() const { return weights_; }
  uint64_t bytes() const { return block_.size(); }

 private:
  PackedWeights(Weights weights, AlignedBuffer block);

  Weights weights_;
  AlignedBuffer block_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_PACKED_WEIGHTS_H_
