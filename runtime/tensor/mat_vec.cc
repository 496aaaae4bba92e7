#include "runtime/tensor/mat_vec.h"

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

float DotRow(const TensorView& weights, uint64_t row, const Activation& x) {
  switch (weights.dtype) {
    case DType::kF32:
      return DotF32(weights.RowF32(row), x.values);
    case DType::kQ8_0:
      return DotQ8(weights.RowQ8(row), weights.RowScales(row),
                   weights.block_size, x.quantized);
    case DType::kQ4_0:
      return DotQ4(weights.RowQ4(row), weights.RowScales(row),
                   weights.block_size, x.quantized);
  }
  return 0;
}

}  // namespace

void MatVec(const TensorView& weights, const Activation& x,
            absl::Span<float> out) {
  for (size_t row = 0; row < out.size(); ++row) {
    out[row] = DotRow(weights, row, x);
  }
}

}  // namespace pedigree
