#include "packager/model_source.h"

#include <algorithm>
#include <cstring>

#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/tensor/half.h"

namespace pedigree {
namespace {

constexpr uint64_t kBlock = 32;
constexpr uint64_t kQ8BlockBytes = 34;
constexpr uint64_t kQ4BlockBytes = 18;

float LoadHalf(const uint8_t* bytes) {
  return HalfToFloat(LoadLittleEndian<uint16_t>(bytes));
}

void ReadHalfs(const uint8_t* in, uint64_t count, float* out) {
  for (uint64_t i = 0; i < count; ++i) out[i] = LoadHalf(in + 2 * i);
}

void ReadBrainFloats(const uint8_t* in, uint64_t count, float* out) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t bits = uint32_t{LoadLittleEndian<uint16_t>(in + 2 * i)}
                          << 16;
    std::memcpy(&out[i], &bits, sizeof(bits));
  }
}

void ReadQ8Blocks(const uint8_t* in, uint64_t count, float* out) {
  for (uint64_t i = 0; i < count; i += kBlock, in += kQ8BlockBytes) {
    const float scale = LoadHalf(in);
    for (uint64_t j = 0; j < kBlock; ++j) {
      out[i + j] = static_cast<float>(static_cast<int8_t>(in[2 + j])) * scale;
    }
  }
}

void ReadQ4Blocks(const uint8_t* in, uint64_t count, float* out) {
  for (uint64_t i = 0; i < count; i += kBlock, in += kQ4BlockBytes) {
    const float scale = LoadHalf(in);
    for (uint64_t j = 0; j < kBlock / 2; ++j) {
      const uint8_t byte = in[2 + j];
      out[i + j] = static_cast<float>((byte & 15) - 8) * scale;
      out[i + j + kBlock / 2] = static_cast<float>((byte >> 4) - 8) * scale;
    }
  }
}

int Int8At(const uint8_t* bytes, uint64_t index) {
  return static_cast<int8_t>(bytes[index]);
}

int Int4At(const uint8_t* bytes, uint64_t index) {
  const int nibble = (bytes[index / 2] >> (index % 2 * 4)) & 15;
  return (nibble ^ 8) - 8;
}

// Values [first, first + count) of the tensor, each `value_at` its index times
// the scale of its group.
template <typename ValueAt>
void ReadGroups(const SourceTensor& tensor, uint64_t first, uint64_t count,
                const ValueAt& value_at, float* out) {
  uint64_t index = first;
  while (index < first + count) {
    const uint64_t group = index / tensor.group_size;
    const auto scale = LoadLittleEndian<float>(tensor.scales.data() +
                                               group * sizeof(float));
    const uint64_t end =
        std::min(first + count, (group + 1) * tensor.group_size);
    for (; index < end; ++index) {
      *out++ =
          static_cast<float>(value_at(tensor.values.data(), index)) * scale;
    }
  }
}

void ReadRow(const SourceTensor& tensor, uint64_t columns, uint64_t row,
             float* out) {
  const uint8_t* in =
      tensor.values.data() + row * EncodedBytes(tensor.encoding, columns);
  switch (tensor.encoding) {
    case SourceEncoding::kF32:
      std::memcpy(out, in, columns * sizeof(float));
      return;
    case SourceEncoding::kF16:
      return ReadHalfs(in, columns, out);
    case SourceEncoding::kBF16:
      return ReadBrainFloats(in, columns, out);
    case SourceEncoding::kQ8Blocks:
      return ReadQ8Blocks(in, columns, out);
    case SourceEncoding::kQ4Blocks:
      return ReadQ4Blocks(in, columns, out);
    case SourceEncoding::kQ8Groups:
      return ReadGroups(tensor, row * columns, columns, Int8At, out);
    case SourceEncoding::kQ4Groups:
      return ReadGroups(tensor, row * columns, columns, Int4At, out);
  }
}

}  // namespace

uint64_t EncodedBytes(SourceEncoding encoding, uint64_t count) {
  switch (encoding) {
    case SourceEncoding::kF32:
      return count * sizeof(float);
    case SourceEncoding::kF16:
    case SourceEncoding::kBF16:
      return count * 2;
    case SourceEncoding::kQ8Blocks:
      return count % kBlock == 0 ? count / kBlock * kQ8BlockBytes : 0;
    case SourceEncoding::kQ4Blocks:
      return count % kBlock == 0 ? count / kBlock * kQ4BlockBytes : 0;
    case SourceEncoding::kQ8Groups:
      return count;
    case SourceEncoding::kQ4Groups:
      return count % 2 == 0 ? count / 2 : 0;
  }
  return 0;
}

int64_t SourceRow(const SourceTensor& tensor, uint64_t row) {
  return tensor.rows == nullptr ? static_cast<int64_t>(row)
                                : (*tensor.rows)[row];
}

void ReadRows(const SourceTensor& tensor, uint64_t columns, uint64_t first,
              uint64_t count, float* out) {
  for (uint64_t row = first; row < first + count; ++row, out += columns) {
    const int64_t source_row = SourceRow(tensor, row);
    if (source_row == kAbsentRow) {
      std::fill_n(out, columns, 0.0f);
    } else {
      ReadRow(tensor, columns, static_cast<uint64_t>(source_row), out);
    }
  }
}

std::vector<TokenIdRange> IdMapOf(absl::Span<const int64_t> source_row_of_id) {
  std::vector<TokenIdRange> map;
  for (size_t id = 0; id < source_row_of_id.size(); ++id) {
    const int64_t row = source_row_of_id[id];
    const bool absent = row == kAbsentRow;
    if (!map.empty() && map.back().absent == absent) {
      TokenIdRange& last = map.back();
      if (absent || last.source_first_id + int64_t{last.count} == row) {
        ++last.count;
        continue;
      }
    }
    map.push_back({static_cast<uint32_t>(id), 1,
                   absent ? 0 : static_cast<uint32_t>(row), absent});
  }
  return map;
}

std::vector<int64_t> RowsOfHalves(uint32_t head_count, uint32_t head_dim) {
  std::vector<int64_t> rows;
  rows.reserve(uint64_t{head_count} * head_dim);
  const int64_t half = head_dim / 2;
  for (uint32_t head = 0; head < head_count; ++head) {
    const int64_t first = int64_t{head} * head_dim;
    for (int64_t i = 0; i < half; ++i) {
      rows.push_back(first + i);
      rows.push_back(first + half + i);
    }
  }
  return rows;
}

}  // namespace pedigree
