#include "packager/storage_error.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "packager/quantize.h"

namespace pedigree {
namespace {

constexpr size_t kLanes = 8;

// Sum of squares, eight columns side by side.
double SumOfSquares(absl::Span<const float> row) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= row.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double value = row[i + lane];
      lanes[lane] += value * value;
    }
  }
  for (; i < row.size(); ++i) {
    const double value = row[i];
    lanes[i % kLanes] += value * value;
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

// What a row's stored values mean, each q x scale in f32 as the runtime has it.
void ReadStoredRow(const TensorData& data, uint64_t row,
                   std::vector<float>& out) {
  const uint64_t columns = out.size();
  const uint64_t block = data.block_size;
  const float* scales = data.scales.data() + row * (columns / block);
  if (data.dtype == DType::kQ8_0) {
    const char* q = data.payload.data() + row * columns;
    for (uint64_t begin = 0; begin < columns; begin += block, ++scales) {
      for (uint64_t i = begin; i < begin + block; ++i) {
        out[i] = static_cast<float>(static_cast<int8_t>(q[i])) * *scales;
      }
    }
    return;
  }
  const char* q = data.payload.data() + row * (columns / 2);
  for (uint64_t begin = 0; begin < columns; begin += block, ++scales) {
    for (uint64_t i = begin; i < begin + block; i += 2) {
      const int byte = static_cast<uint8_t>(q[i / 2]);
      out[i] = static_cast<float>(((byte & 15) ^ 8) - 8) * *scales;
      out[i + 1] = static_cast<float>(((byte >> 4) ^ 8) - 8) * *scales;
    }
  }
}

}  // namespace

void StorageErrorMeter::Add(absl::Span<const float> values, uint64_t columns,
                            const TensorData& data) {
  if (data.dtype == DType::kF32) return;
  std::vector<float> error(columns);
  for (uint64_t i = 0; i < values.size() / columns; ++i) {
    const absl::Span<const float> row = values.subspan(i * columns, columns);
    squared_values_ += SumOfSquares(row);
    ReadStoredRow(data, i, error);
    for (uint64_t j = 0; j < columns; ++j) error[j] -= row[j];
    squared_error_ += SumOfSquares(error);
    largest_ = std::max(largest_, LargestMagnitude(error));
  }
}

StorageError StorageErrorMeter::Result() const {
  StorageError result;
  result.largest = largest_;
  if (squared_values_ > 0) {
    result.relative = static_cast<float>(
        __builtin_sqrt(squared_error_ / squared_values_));
  }
  return result;
}

}  // namespace pedigree
