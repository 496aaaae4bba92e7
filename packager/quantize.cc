#include "packager/quantize.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/tensor/half.h"

namespace pedigree {
namespace {

// The least largest scale for which all of a tensor are rounded to halves.
constexpr float kLeastHalfScale = 0x1p-10f;

// The quotient rounded to an integer, half to even, and clamped, in the low
// bits of the result as two's complement. Adding 1.5 x 2^23 leaves the nearest
// integer there for |value| < 2^22; the bounds are integers, so that clamping
// first gives the same.
uint32_t RoundedBits(float value, float low, float high) {
  constexpr float kMagic = 12582912.0f;
  const float shifted = std::min(std::max(value, low), high) + kMagic;
  uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  return bits;
}

// Values side by side, for the compiler to keep in vectors.
constexpr size_t kLanes = 8;

float Q8Scale(absl::Span<const float> group) {
  return LargestMagnitude(group) / 127.0f;
}

// The value of largest magnitude, the first one on ties. No NaN.
float LargestSigned(absl::Span<const float> group) {
  float highest[kLanes] = {};
  float lowest[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= group.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float value = group[i + lane];
      highest[lane] = highest[lane] < value ? value : highest[lane];
      lowest[lane] = value < lowest[lane] ? value : lowest[lane];
    }
  }
  float high = 0;
  float low = 0;
  for (; i < group.size(); ++i) {
    high = std::max(high, group[i]);
    low = std::min(low, group[i]);
  }
  for (size_t lane = 0; lane < kLanes; ++lane) {
    high = std::max(high, highest[lane]);
    low = std::min(low, lowest[lane]);
  }
  if (high > -low) return high;
  if (high < -low) return low;
  for (const float value : group) {
    if (value == high || value == low) return value;
  }
  return 0;
}

float Q4Scale(absl::Span<const float> group) {
  return LargestSigned(group) / -8.0f;
}

void StoreQ8Group(absl::Span<const float> group, float scale, char* out) {
  for (size_t i = 0; i < group.size(); ++i) {
    out[i] =
        static_cast<char>(RoundedBits(group[i] / scale, -127.0f, 127.0f));
  }
}

void StoreQ4Group(absl::Span<const float> group, float scale, char* out) {
  for (size_t begin = 0; begin < group.size(); begin += kQuantBlockColumns) {
    uint32_t bits[kQuantBlockColumns];
    const size_t count =
        std::min<size_t>(kQuantBlockColumns, group.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      bits[i] = RoundedBits(group[begin + i] / scale, -8.0f, 7.0f);
    }
    for (size_t i = 0; i < count / 2; ++i) {
      out[begin / 2 + i] = static_cast<char>((bits[2 * i] & 15) |
                                             (bits[2 * i + 1] & 15) << 4);
    }
  }
}

// Whether to round a tensor's scales to halves: if that costs nothing to speak
// of. Halves reach up to the largest scale, and where they are coarsest, 2^-24
// apart, that is little beside it. The largest scale is that of the largest
// value, since the quotients keep the order.
bool RoundsToHalves(float largest_value) {
  const float largest = largest_value / 8.0f;
  return largest >= kLeastHalfScale && largest <= kLargestHalf;
}

bool Matches(const StorageOverride& rule, const TensorSpec& tensor) {
  // No locale is ever set, so bytes are compared.
  return tensor.rank != 1 &&
         fnmatch(rule.pattern.c_str(), tensor.name.c_str(), 0) == 0;
}

// Storage of a matrix in `dtype`.
TensorStorageChoice StorageIn(DType dtype, bool q8_0_blocks,
                              const TensorSpec& tensor) {
  if (dtype == DType::kF32) return {};
  const auto columns = static_cast<uint32_t>(tensor.columns());
  const bool wants_blocks = dtype == DType::kQ4_0 || q8_0_blocks;
  if (!wants_blocks) return {DType::kQ8_0, columns, ""};
  if (columns % kQuantBlockColumns == 0) return {dtype, kQuantBlockColumns, ""};
  return {DType::kQ8_0, columns,
          absl::StrCat("width ", columns, " is no multiple of 32")};
}

}  // namespace

TensorStorageChoice ChooseStorage(const TensorSpec& tensor,
                                  const StorageRequest& request) {
  if (tensor.rank == 1) return {};
  const auto rule = std::find_if(
      request.overrides.begin(), request.overrides.end(),
      [&](const StorageOverride& rule) { return Matches(rule, tensor); });
  if (rule == request.overrides.end()) {
    return StorageIn(request.dtype, request.q8_0_blocks, tensor);
  }
  TensorStorageChoice choice =
      StorageIn(rule->dtype, request.q8_0_blocks, tensor);
  if (choice.reason.empty() && choice.dtype != request.dtype) {
    choice.reason = absl::StrCat("asked for ", rule->pattern);
  }
  return choice;
}

absl::Status CheckOverrides(absl::Span<const TensorSpec> tensors,
                            const StorageRequest& request) {
  for (const StorageOverride& rule : request.overrides) {
    if (std::none_of(
            tensors.begin(), tensors.end(),
            [&](const TensorSpec& tensor) { return Matches(rule, tensor); })) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid storage of tensors: \"", rule.pattern,
                       "\" is no matrix of this model"));
    }
  }
  return absl::OkStatus();
}

TensorData StoreTensor(absl::Span<const float> values, uint64_t columns,
                       DType dtype, uint32_t block_size) {
  const bool needed = NeedsLargest(columns, dtype, block_size);
  return StoreRows(values, columns, dtype, block_size,
                   needed ? LargestMagnitude(values) : 0);
}

bool NeedsLargest(uint64_t columns, DType dtype, uint32_t block_size) {
  return dtype == DType::kQ4_0 && block_size < columns;
}

float LargestMagnitude(absl::Span<const float> values) {
  // Magnitudes are in the order of their bits, which are compared faster.
  uint32_t largest = 0;
  for (const float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    largest = std::max(largest, bits & 0x7fffffff);
  }
  float magnitude;
  std::memcpy(&magnitude, &largest, sizeof(magnitude));
  return magnitude;
}

TensorData StoreRows(absl::Span<const float> values, uint64_t columns,
                     DType dtype, uint32_t block_size, float largest) {
  TensorData data;
  data.dtype = dtype;
  data.block_size = block_size;
  if (dtype == DType::kF32) {
    data.payload.assign(reinterpret_cast<const char*>(values.data()),
                        values.size() * sizeof(float));
    return data;
  }
  const bool q8 = dtype == DType::kQ8_0;
  const uint64_t group_bytes = q8 ? block_size : block_size / 2;
  const uint64_t group_count = values.size() / block_size;
  data.scales.resize(group_count);
  for (uint64_t i = 0; i < group_count; ++i) {
    const auto group = values.subspan(i * block_size, block_size);
    data.scales[i] = q8 ? Q8Scale(group) : Q4Scale(group);
  }
  if (NeedsLargest(columns, dtype, block_size) && RoundsToHalves(largest)) {
    for (float& scale : data.scales) scale = HalfToFloat(FloatToHalf(scale));
  }
  data.payload.resize(group_count * group_bytes);  // of zeros
  for (uint64_t i = 0; i < group_count; ++i) {
    const auto group = values.subspan(i * block_size, block_size);
    char* const out = data.payload.data() + i * group_bytes;
    float& scale = data.scales[i];
    if (scale == 0) {
      scale = 1.0f;
    } else if (q8) {
      StoreQ8Group(group, scale, out);
    } else {
      StoreQ4Group(group, scale, out);
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
