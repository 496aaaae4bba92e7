// One tensor's stored values, wherever they lie.

#ifndef PEDIGREE_RUNTIME_TENSOR_TENSOR_VIEW_H_
#define PEDIGREE_RUNTIME_TENSOR_TENSOR_VIEW_H_

#include <cstdint>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// A matrix of `rows` x `columns` stored values; a rank-1 tensor is one row.
// Borrows payload and scales.
struct TensorView {
  DType dtype = DType::kF32;
  uint64_t rows = 0;
  uint64_t columns = 0;
  // f32: rows * columns floats. q8_0: as many int8. q4_0: half as many bytes. Null,
  // as are its scales, for a tensor of which there is only the packed form.
  const uint8_t* payload = nullptr;
  // ScalesPerRow() scales a row; null for f32.
  const float* scales = nullptr;
  // Values a scale covers; 0 for f32.
  uint32_t block_size = 0;
  // The same values and scales as runtime/kernels/packing.h packs them, or null.
  const uint8_t* packed = nullptr;
  // Whether the packed form holds scales in half precision.
  bool packed_half_scales = false;

  uint64_t ScalesPerRow() const {
    return dtype == DType::kF32 ? 0 : columns / block_size;
  }
  // Bytes of payload and scales, whether they are there or not.
  uint64_t StoredBytes() const;

  // The stored parts of row `row`. Each may be asked for its own dtype only.
  absl::Span<const float> RowF32(uint64_t row) const;
  absl::Span<const int8_t> RowQ8(uint64_t row) const;
  absl::Span<const uint8_t> RowQ4(uint64_t row) const;
  absl::Span<const float> RowScales(uint64_t row) const;
};

// Tensor `index` of a parsed file.
TensorView ViewTensor(const SlmReader& reader, int index);

// A view of f32 values, `rows` * `columns` of them.
TensorView ViewF32(absl::Span<const float> values, uint64_t rows,
                   uint64_t columns);

// Rows [first, first + count) of `tensor`, a matrix.
TensorView RowsOf(const TensorView& tensor, uint64_t first, uint64_t count);

// The values of one stored row as f32: weight * scale. out: shape [columns].
void DequantizeRow(const TensorView& tensor, uint64_t row,
                   absl::Span<float> out);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_TENSOR_VIEW_H_
