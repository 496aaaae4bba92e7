#include "runtime/format/slm_format.h"

#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"

namespace pedigree {
namespace {

constexpr uint32_t kQ8ShortBlock = 32;

TensorSpec Vector(std::string name, uint32_t size) {
  return {std::move(name), 1, {size, 0, 0, 0}};
}

TensorSpec Matrix(std::string name, uint32_t rows, uint32_t columns) {
  return {std::move(name), 2, {rows, columns, 0, 0}};
}

void AppendLayer(const ModelShape& shape, uint32_t layer,
                 std::vector<TensorSpec>& specs) {
  const std::string prefix = Concat("layers.", layer, ".");
  const uint32_t hidden = shape.hidden_size;
  const uint32_t query_size = shape.head_count * shape.head_dim;
  const uint32_t kv_size = shape.kv_head_count * shape.head_dim;
  specs.push_back(Vector(prefix + "attn_norm.weight", hidden));
  specs.push_back(Matrix(prefix + "wq.weight", query_size, hidden));
  specs.push_back(Matrix(prefix + "wk.weight", kv_size, hidden));
  specs.push_back(Matrix(prefix + "wv.weight", kv_size, hidden));
  specs.push_back(Matrix(prefix + "wo.weight", hidden, query_size));
  specs.push_back(Vector(prefix + "ffn_norm.weight", hidden));
  specs.push_back(Matrix(prefix + "w1.weight", shape.ffn_size, hidden));
  specs.push_back(Matrix(prefix + "w3.weight", shape.ffn_size, hidden));
  specs.push_back(Matrix(prefix + "w2.weight", hidden, shape.ffn_size));
}

std::optional<StorageSize> Q8Storage(uint64_t rows, uint64_t columns,
                                     uint64_t values, uint32_t block_size) {
  if (block_size == columns) return StorageSize{values, rows};
  if (block_size == kQ8ShortBlock && columns % kQ8ShortBlock == 0) {
    return StorageSize{values, values / kQ8ShortBlock};
  }
  return std::nullopt;
}

std::optional<StorageSize> Q4Storage(uint64_t columns, uint64_t values,
                                     uint32_t block_size) {
  if (block_size == 0 || block_size % 2 != 0 || columns % block_size != 0) {
    return std::nullopt;
  }
  return StorageSize{values / 2, values / block_size};
}

}  // namespace

std::string_view DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "f32";
    case DType::kQ8_0:
      return "q8_0";
    case DType::kQ4_0:
      return "q4_0";
  }
  return "unknown";
}

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    if (DTypeName(dtype) == name) return dtype;
  }
  return std::nullopt;
}

uint64_t TensorNameHash(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return hash;
}

uint64_t TensorCount(const ModelShape& shape) {
  return uint64_t{shape.layer_count} * kTensorsPerLayer +
         (shape.tied_output ? 2 : 3);
}

std::vector<TensorSpec> CanonicalTensors(const ModelShape& shape) {
  std::vector<TensorSpec> specs;
  specs.reserve(TensorCount(shape));
  specs.push_back(
      Matrix("tok_embeddings.weight", shape.vocab_size, shape.hidden_size));
  for (uint32_t layer = 0; layer < shape.layer_count; ++layer) {
    AppendLayer(shape, layer, specs);
  }
  specs.push_back(Vector("norm.weight", shape.hidden_size));
  if (!shape.tied_output) {
    specs.push_back(
        Matrix("output.weight", shape.vocab_size, shape.hidden_size));
  }
  return specs;
}

std::optional<StorageSize> TensorStorage(DType dtype, uint64_t rows,
                                         uint64_t columns,
                                         uint32_t block_size) {
  const std::optional<uint64_t> values = CheckedMul(rows, columns);
  if (!values.has_value() || *values == 0) return std::nullopt;
  switch (dtype) {
    case DType::kF32: {
      const std::optional<uint64_t> bytes = CheckedMul(*values, sizeof(float));
      if (!bytes.has_value() || block_size != 0) return std::nullopt;
      return StorageSize{*bytes, 0};
    }
    case DType::kQ8_0:
      return Q8Storage(rows, columns, *values, block_size);
    case DType::kQ4_0:
      return Q4Storage(columns, *values, block_size);
  }
  return std::nullopt;
}

}  // namespace pedigree
