// Softmax. Specification: docs/numerics.md, "Softmax".

#ifndef PEDIGREE_RUNTIME_TENSOR_SOFTMAX_H_
#define PEDIGREE_RUNTIME_TENSOR_SOFTMAX_H_

#include "absl/types/span.h"

namespace pedigree {

// x[i] = e^(x[i] - max) / sum of e^(x[j] - max), in place. x is not empty and
// holds finite values. The sum is by 16 strided partial sums.
void Softmax(absl::Span<float> x);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_SOFTMAX_H_
