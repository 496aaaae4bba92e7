// The reference: docs/numerics.md as plain C++, one operation after the other.

#ifndef PEDIGREE_RUNTIME_KERNELS_SCALAR_H_
#define PEDIGREE_RUNTIME_KERNELS_SCALAR_H_

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"

namespace pedigree {

// Kernels::mat_mul for every tensor, from its stored values. Other targets use
// it for the block sizes that they have no fast path for.
void ScalarMatMul(const TensorView& weights, size_t begin_row, size_t end_row,
                  const ActivationBatch& x, float* out, size_t out_stride,
                  uint8_t* tile);

const Kernels& ScalarKernels();

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_SCALAR_H_
