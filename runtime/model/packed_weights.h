// A model's matrices in the order in which kernels read them.

#ifndef PEDIGREE_RUNTIME_MODEL_PACKED_WEIGHTS_H_
#define PEDIGREE_RUNTIME_MODEL_PACKED_WEIGHTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Packs quantized matrices that are multiplied with over their stored form, as far
// as that has room. `source`: the file that they lie in, writable. `weights` may not
// be used afterwards, unless this fails, when nothing is changed.
//
// Errors: code ResourceLimit.
absl::StatusOr<Weights> PackInPlace(const Weights& weights,
                                    const ByteSource& source);

// Owns one packed copy of the matrices (runtime/kernels/packing.h). The stored form
// stays in use for single rows: embeddings, adapters. In WebAssembly f32 matrices
// are read where they are.
class PackedWeights {
 public:
  // Whether tensor `index` is packed: a matrix that is multiplied with, which
  // embeddings are only when tied, and is not packed in place. Looks at no value.
  static bool Packs(const Weights& weights, int index);
  static bool PacksAny(const Weights& weights);
  // Whether its stored form is read besides: a row of embeddings is looked up where
  // it lies, packed or not.
  static bool ReadsStored(const Weights& weights, int index) {
    return index == weights.embeddings_index() || !Packs(weights, index);
  }

  // Bytes of the copy; 0 where nothing is packed. Reads block scales, of which
  // those of a tensor are packed in two bytes each when all are halves.
  static uint64_t Bytes(const Weights& weights);

  // Packs with all threads of `pool`. `weights` borrows what it did before. Where
  // there is a `source`, what was packed of it is released piece by piece, so that
  // no second copy of the weights is ever resident.
  //
  // Errors: code ResourceLimit.
  static absl::StatusOr<PackedWeights> Pack(const Weights& weights,
                                            ThreadPool* pool,
                                            const ByteSource* source = nullptr);

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
