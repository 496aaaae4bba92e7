#include "packager/quantize.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace pedigree {
namespace {

// Adding and taking away 1.5 x 2^23 leaves the nearest integer, ties to even,
// for |value| < 2^22; quotients here stay below 256.
int RoundHalfToEven(float value) {
  constexpr float kMagic = 12582912.0f;
  const float shifted = value + kMagic;
  return static_cast<int>(shifted - kMagic);
}

void AppendQ8Group(absl::Span<const float> group, TensorData& out) {
  float largest = 0;
  for (float value : group) largest = std::max(largest, std::fabs(value));
  const float scale = largest / 127.0f;
  if (scale == 0) {
    out.payload.append(group.size(), '\0');
    out.scales.push_back(1.0f);
    return;
  }
  for (float value : group) {
    const int q = std::clamp(RoundHalfToEven(value / scale), -127, 127);
    out.payload.push_back(static_cast<char>(q));
  }
  out.scales.push_back(scale);
}

void AppendQ4Block(absl::Span<const float> block, TensorData& out) {
  float largest = 0;
  for (float value : block) {
    if (std::fabs(value) > std::fabs(largest)) largest = value;
  }
  const float scale = largest / -8.0f;
  if (scale == 0) {
    out.payload.append(block.size() / 2, '\0');
    out.scales.push_back(1.0f);
    return;
  }
  for (size_t i = 0; i < block.size(); i += 2) {
    const int low = std::clamp(RoundHalfToEven(block[i] / scale), -8, 7);
    const int high = std::clamp(RoundHalfToEven(block[i + 1] / scale), -8, 7);
    out.payload.push_back(static_cast<char>((low & 15) | ((high & 15) << 4)));
  }
  out.scales.push_back(scale);
}

}  // namespace

TensorStorageChoice ChooseStorage(const TensorSpec& tensor,
                                  const StorageRequest& request) {
  if (tensor.rank == 1 || request.dtype == DType::kF32) return {};
  const auto columns = static_cast<uint32_t>(tensor.columns());
  const bool blocks_fit = columns % kQuantBlockColumns == 0;
  if (request.dtype == DType::kQ4_0) {
    if (blocks_fit) return {DType::kQ4_0, kQuantBlockColumns, ""};
    return {DType::kQ8_0, columns,
            absl::StrCat("width ", columns, " is no multiple of 32")};
  }
  if (!request.q8_0_blocks) return {DType::kQ8_0, columns, ""};
  if (blocks_fit) return {DType::kQ8_0, kQuantBlockColumns, ""};
  return {DType::kQ8_0, columns,
          absl::StrCat("width ", columns, " is no multiple of 32")};
}

TensorData StoreTensor(absl::Span<const float> values, uint64_t columns,
                       DType dtype, uint32_t block_size) {
  TensorData data;
  data.dtype = dtype;
  data.block_size = block_size;
  if (dtype == DType::kF32) {
    data.payload.assign(reinterpret_cast<const char*>(values.data()),
                        values.size() * sizeof(float));
    return data;
  }
  const uint64_t group_count = values.size() / block_size;
  data.scales.reserve(group_count);
  data.payload.reserve(dtype == DType::kQ8_0 ? values.size()
                                             : values.size() / 2);
  for (uint64_t row = 0; row < values.size(); row += columns) {
    for (uint64_t column = 0; column < columns; column += block_size) {
      const auto group = values.subspan(row + column, block_size);
      if (dtype == DType::kQ8_0) {
        AppendQ8Group(group, data);
      } else {
        AppendQ4Block(group, data);
      }
    }
  }
  return data;
}

std::vector<float> LoadTensor(const TensorView& tensor) {
  std::vector<float> values(tensor.rows * tensor.columns);
  for (uint64_t row = 0; row < tensor.rows; ++row) {
    DequantizeRow(
        tensor, row,
        absl::MakeSpan(values).subspan(row * tensor.columns, tensor.columns));
  }
  return values;
}

}  // namespace pedigree
