// The vocabulary of the `.slm` container, shared by its reader and writer:
// constants, the header, directory entries, canonical tensor names and sizes.
// Specification: docs/formats/slm.md.

#ifndef PEDIGREE_RUNTIME_FORMAT_SLM_FORMAT_H_
#define PEDIGREE_RUNTIME_FORMAT_SLM_FORMAT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pedigree {

inline constexpr std::string_view kSlmMagic = "SLM1";
inline constexpr uint32_t kSlmVersion = 1;
inline constexpr uint32_t kSlmHeaderBytes = 108;
inline constexpr uint32_t kTensorEntryBytes = 64;
inline constexpr uint32_t kSectionAlignment = 64;
inline constexpr uint32_t kModelTypeTransformer = 1;
inline constexpr uint32_t kFlagTiedOutput = 1;
inline constexpr uint64_t kSlmChecksumOffset = 100;
inline constexpr uint32_t kTensorsPerLayer = 9;

// How the values of a tensor are stored.
enum class DType : uint32_t { kF32 = 1, kQ8_0 = 2, kQ4_0 = 3 };

// "f32", "q8_0" or "q4_0".
std::string_view DTypeName(DType dtype);
std::optional<DType> DTypeFromName(std::string_view name);

// The shape and constants of a model of type 1.
struct ModelShape {
  bool tied_output = false;
  uint32_t vocab_size = 0;
  uint32_t special_token_count = 0;
  uint32_t hidden_size = 0;
  uint32_t layer_count = 0;
  uint32_t head_count = 0;
  uint32_t kv_head_count = 0;
  uint32_t head_dim = 0;
  uint32_t ffn_size = 0;
  uint32_t max_context = 0;
  float rope_theta = 0;
  float rms_norm_epsilon = 0;
};

// One tensor as the shape demands it. A rank-1 tensor is one row.
struct TensorSpec {
  std::string name;
  uint32_t rank = 0;
  std::array<uint32_t, 4> dims = {};

  uint64_t rows() const { return rank == 1 ? 1 : dims[0]; }
  uint64_t columns() const { return rank == 1 ? dims[0] : dims[1]; }
  uint64_t element_count() const { return rows() * columns(); }
};

// A directory entry as stored.
struct TensorEntry {
  uint64_t name_hash = 0;
  DType dtype = DType::kF32;
  uint32_t rank = 0;
  std::array<uint32_t, 4> dims = {};
  uint64_t byte_offset = 0;
  uint64_t byte_length = 0;
  uint64_t scale_offset = 0;
  uint32_t block_size = 0;

  uint64_t rows() const { return rank == 1 ? 1 : dims[0]; }
  uint64_t columns() const { return rank == 1 ? dims[0] : dims[1]; }
};

// FNV-1a, 64 bits, of the canonical UTF-8 name.
uint64_t TensorNameHash(std::string_view name);

// How many tensors a model of this shape has. Allocates nothing, so it may be
// asked about a shape that was not checked.
uint64_t TensorCount(const ModelShape& shape);

// Every tensor of a model of this shape in canonical order: embeddings, layers
// ascending, final norm, output unless tied. Products of dimensions must have
// been checked to fit (CheckModelShape does).
std::vector<TensorSpec> CanonicalTensors(const ModelShape& shape);

// Bytes of a payload, and the number of f32 scales behind it, for `rows` x
// `columns` values. kQ8_0 takes block_size == columns, or 32 where that divides
// columns; kQ4_0 an even block_size that divides columns; kF32 takes 0. Nothing
// when the storage rule does not allow the combination, a dimension is 0 or a
// product overflows.
struct StorageSize {
  uint64_t payload_bytes = 0;
  uint64_t scale_count = 0;
};
std::optional<StorageSize> TensorStorage(DType dtype, uint64_t rows,
                                         uint64_t columns,
                                         uint32_t block_size);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_FORMAT_SLM_FORMAT_H_
