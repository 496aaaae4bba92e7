// One row of a matrix, from whatever form there is of it.

#ifndef PEDIGREE_RUNTIME_KERNELS_READ_ROW_H_
#define PEDIGREE_RUNTIME_KERNELS_READ_ROW_H_

#include <cstdint>

#include "absl/types/span.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// The values of row `row` as f32, those of DequantizeRow: of the stored form or,
// where there is none, the packed one. out: shape [columns].
void ReadRow(const TensorView& tensor, uint64_t row, absl::Span<float> out);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_READ_ROW_H_
