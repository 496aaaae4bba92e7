#include "runtime/tensor/tensor_view.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/tensor/dot.h"

namespace pedigree {
namespace {

const float* AsFloats(const uint8_t* bytes) {
  return reinterpret_cast<const float*>(bytes);
}

}  // namespace

uint64_t TensorView::StoredBytes() const {
  const uint64_t scale_bytes = rows * ScalesPerRow() * sizeof(float);
  switch (dtype) {
    case DType::kF32:
      return rows * columns * sizeof(float);
    case DType::kQ8_0:
      return rows * columns + scale_bytes;
    case DType::kQ4_0:
      return rows * columns / 2 + scale_bytes;
  }
  return 0;
}

absl::Span<const float> TensorView::RowF32(uint64_t row) const {
  return {AsFloats(payload) + row * columns, static_cast<size_t>(columns)};
}

absl::Span<const int8_t> TensorView::RowQ8(uint64_t row) const {
  return {reinterpret_cast<const int8_t*>(payload) + row * columns,
          static_cast<size_t>(columns)};
}

absl::Span<const uint8_t> TensorView::RowQ4(uint64_t row) const {
  return {payload + row * (columns / 2), static_cast<size_t>(columns / 2)};
}

absl::Span<const float> TensorView::RowScales(uint64_t row) const {
  const uint64_t count = ScalesPerRow();
  return {scales + row * count, static_cast<size_t>(count)};
}

TensorView ViewTensor(const SlmReader& reader, int index) {
  const TensorEntry& entry = reader.entries()[index];
  TensorView view;
  view.dtype = entry.dtype;
  view.rows = entry.rows();
  view.columns = entry.columns();
  view.payload = reader.payload(index).data();
  view.scales = reader.scales(index).data();
  view.block_size = entry.block_size;
  return view;
}

TensorView ViewF32(absl::Span<const float> values, uint64_t rows,
                   uint64_t columns) {
  TensorView view;
  view.rows = rows;
  view.columns = columns;
  view.payload = reinterpret_cast<const uint8_t*>(values.data());
  return view;
}

TensorView RowsOf(const TensorView& tensor, uint64_t first, uint64_t count) {
  TensorView rows = tensor;
  rows.rows = count;
  rows.packed = nullptr;
  rows.scales += first * tensor.ScalesPerRow();
  rows.payload += first * (tensor.dtype == DType::kF32    ? 4 * tensor.columns
                           : tensor.dtype == DType::kQ8_0 ? tensor.columns
                                                          : tensor.columns / 2);
  return rows;
}

void DequantizeRow(const TensorView& tensor, uint64_t row,
                   absl::Span<float> out) {
  if (tensor.dtype == DType::kF32) {
    const absl::Span<const float> values = tensor.RowF32(row);
    std::copy(values.begin(), values.end(), out.begin());
    return;
  }
  const absl::Span<const float> scales = tensor.RowScales(row);
  const int8_t* bytes = tensor.dtype == DType::kQ8_0
                            ? tensor.RowQ8(row).data()
                            : nullptr;
  const uint8_t* nibbles = tensor.dtype == DType::kQ4_0
                               ? tensor.RowQ4(row).data()
                               : nullptr;
  size_t i = 0;
  for (float scale : scales) {
    for (const size_t end = i + tensor.block_size; i < end; ++i) {
      const int32_t weight =
          bytes != nullptr ? bytes[i] : NibbleWeight(nibbles, i);
      out[i] = static_cast<float>(weight) * scale;
    }
  }
}

}  // namespace pedigree
