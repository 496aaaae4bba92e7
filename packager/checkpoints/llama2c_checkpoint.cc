#include "packager/checkpoints/llama2c_checkpoint.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/checkpoints/checkpoint.h"
#include "packager/tokenizers/tokenizer_file.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

constexpr uint32_t kMagic = 0x616b3432;
constexpr uint64_t kFieldBytes = 7 * sizeof(int32_t);
constexpr uint64_t kLongHeaderBytes = 256;
// Far past any checkpoint of this format; keeps sums of sizes in range.
constexpr int32_t kMaxDimension = 1 << 24;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid llama2.c checkpoint: ", parts...));
}

struct Header {
  int32_t version = 0;
  uint64_t header_bytes = kFieldBytes;
  uint32_t group_size = 0;  // of version 2
  ModelShape shape;         // vocab_size is the source's
};

// The seven fields, which start at `offset`.
absl::Status ReadFields(ByteSpan file, uint64_t offset, Header& header) {
  static constexpr const char* kFields[] = {
      "dim",        "hidden_dim", "n_layers", "n_heads",
      "n_kv_heads", "vocab_size", "seq_len"};
  int32_t values[7];
  std::memcpy(values, file.data() + offset, sizeof(values));
  ModelShape& shape = header.shape;
  if (header.version == 0) {
    shape.tied_output = values[5] > 0;
    if (values[5] < 0 && values[5] >= -kMaxDimension) values[5] = -values[5];
  }
  for (int i = 0; i < 7; ++i) {
    if (values[i] < 1 || values[i] > kMaxDimension) {
      return Invalid(kFields[i], " is ", values[i], " (expected 1 to ",
                     kMaxDimension, "), at byte ", offset + 4 * i);
    }
  }
  shape.hidden_size = values[0];
  shape.ffn_size = values[1];
  shape.layer_count = values[2];
  shape.head_count = values[3];
  shape.kv_head_count = values[4];
  shape.vocab_size = values[5];
  shape.max_context = values[6];
  if (shape.hidden_size % shape.head_count != 0 ||
      shape.hidden_size / shape.head_count % 2 != 0) {
    return Invalid("dim ", shape.hidden_size,
                   " is no even multiple of n_heads ", shape.head_count);
  }
  if (shape.head_count % shape.kv_head_count != 0) {
    return Invalid("n_kv_heads ", shape.kv_head_count,
                   " does not divide n_heads ", shape.head_count);
  }
  shape.head_dim = shape.hidden_size / shape.head_count;
  shape.rope_theta = 10000.0f;
  shape.rms_norm_epsilon = 1e-5f;
  return absl::OkStatus();
}

// What follows the fields in versions 1 and 2.
absl::Status ReadLongHeader(ByteSpan file, Header& header) {
  uint64_t offset = 2 * sizeof(int32_t) + kFieldBytes;
  const uint8_t shared = file[offset];
  if (shared > 1) {
    return Invalid("shared classifier is ", shared, " (expected 0 or 1), at "
                   "byte ", offset);
  }
  header.shape.tied_output = shared == 1;
  ++offset;
  if (header.version == 2) {
    const auto group_size = LoadLittleEndian<int32_t>(file.data() + offset);
    if (group_size < 1 || group_size > kMaxDimension) {
      return Invalid("group_size is ", group_size, " (expected 1 to ",
                     kMaxDimension, "), at byte ", offset);
    }
    header.group_size = group_size;
    offset += sizeof(int32_t);
  }
  for (; offset < kLongHeaderBytes; ++offset) {
    if (file[offset] == 0) continue;
    return Invalid("header byte ", offset, " is ", file[offset],
                   " (expected 0)");
  }
  return absl::OkStatus();
}

absl::Status CheckBytes(ByteSpan file, uint64_t needed) {
  if (file.size() >= needed) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("Corrupted llama2.c checkpoint: ", file.size(),
                   " bytes (header needs ", needed, ")"));
}

absl::StatusOr<Header> ReadHeader(ByteSpan file) {
  Header header;
  PEDIGREE_RETURN_IF_ERROR(CheckBytes(file, kFieldBytes));
  if (LoadLittleEndian<uint32_t>(file.data()) != kMagic) {
    PEDIGREE_RETURN_IF_ERROR(ReadFields(file, 0, header));
    return header;
  }
  header.version = LoadLittleEndian<int32_t>(file.data() + 4);
  if (header.version != 1 && header.version != 2) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported llama2.c checkpoint: version ",
                     header.version, " (this build reads 0, 1 and 2)"));
  }
  header.header_bytes = kLongHeaderBytes;
  PEDIGREE_RETURN_IF_ERROR(CheckBytes(file, kLongHeaderBytes));
  PEDIGREE_RETURN_IF_ERROR(ReadFields(file, 2 * sizeof(int32_t), header));
  PEDIGREE_RETURN_IF_ERROR(ReadLongHeader(file, header));
  return header;
}

// Bytes of a matrix of `count` values.
uint64_t MatrixBytes(const Header& header, uint64_t count) {
  if (header.version != 2) return count * sizeof(float);
  return count + count / header.group_size * sizeof(float);
}

// Bytes of the whole file; nothing when they are absurdly many.
std::optional<uint64_t> FileBytes(const Header& header) {
  // Products of two dimensions stay below 2^48, so with at most 2^24 layers
  // only the sum over layers may overflow.
  const ModelShape& shape = header.shape;
  const uint64_t dim = shape.hidden_size;
  const uint64_t kv_dim = uint64_t{shape.kv_head_count} * shape.head_dim;
  const uint64_t layer = 2 * dim * sizeof(float) +
                         2 * MatrixBytes(header, dim * dim) +
                         2 * MatrixBytes(header, dim * kv_dim) +
                         3 * MatrixBytes(header, dim * shape.ffn_size);
  const std::optional<uint64_t> layers = CheckedMul(layer, shape.layer_count);
  if (!layers || *layers > (uint64_t{1} << 60)) return std::nullopt;
  const uint64_t embeddings = MatrixBytes(header, shape.vocab_size * dim);
  const uint64_t rope_tables = header.version != 0
                                   ? 0
                                   : uint64_t{shape.max_context} *
                                         shape.head_dim * sizeof(float);
  return header.header_bytes + embeddings + *layers + dim * sizeof(float) +
         rope_tables + (shape.tied_output ? 0 : embeddings);
}

// Indexes into CanonicalTensors in the order of the file. A layer's tensors
// are, in canonical order: attn_norm, wq, wk, wv, wo, ffn_norm, w1, w3, w2.
std::vector<size_t> FileOrder(const Header& header) {
  const uint32_t layers = header.shape.layer_count;
  const size_t norm = 1 + size_t{layers} * kTensorsPerLayer;
  std::vector<size_t> order;
  const auto add = [&](std::initializer_list<size_t> tensors) {
    for (const size_t tensor : tensors) {
      for (uint32_t layer = 0; layer < layers; ++layer) {
        order.push_back(1 + size_t{layer} * kTensorsPerLayer + tensor);
      }
    }
  };
  if (header.version == 0) {
    order.push_back(0);
    add({0, 1, 2, 3, 4, 5, 6, 8, 7});
    order.push_back(norm);
  } else {
    add({0, 5});
    order.push_back(norm);
    order.push_back(0);
    add({1, 2, 3, 4, 6, 8, 7});
  }
  if (!header.shape.tied_output) order.push_back(norm + 1);
  return order;
}

absl::StatusOr<std::vector<SourceTensor>> FindTensors(const SourceFile& file,
                                                      const Header& header) {
  const std::optional<uint64_t> size = FileBytes(header);
  if (!size || file.bytes.size() != *size) {
    return absl::DataLossError(
        absl::StrCat("Corrupted llama2.c checkpoint: ", file.bytes.size(),
                     " bytes (its header asks for ",
                     size ? absl::StrCat(*size) : "more than 2^60", ")"));
  }
  const std::vector<TensorSpec> specs = CanonicalTensors(header.shape);
  std::vector<SourceTensor> tensors(specs.size());
  uint64_t offset = header.header_bytes;
  for (const size_t index : FileOrder(header)) {
    const TensorSpec& spec = specs[index];
    const uint64_t count = spec.element_count();
    SourceTensor& tensor = tensors[index];
    tensor.name = spec.name;
    tensor.file = file;
    const bool is_output = index + 1 == specs.size() &&
                           !header.shape.tied_output;
    // The output lies behind the RoPE tables of version 0, at the end.
    if (is_output) offset = *size - MatrixBytes(header, count);
    if (header.version != 2 || spec.rank == 1) {
      tensor.values = file.bytes.subspan(offset, count * sizeof(float));
      offset += count * sizeof(float);
      continue;
    }
    if (count % header.group_size != 0) {
      return Invalid("group_size ", header.group_size, " does not divide the ",
                     count, " values of ", spec.name);
    }
    tensor.encoding = SourceEncoding::kQ8Groups;
    tensor.group_size = header.group_size;
    tensor.values = file.bytes.subspan(offset, count);
    offset += count;
    const uint64_t scale_bytes = count / header.group_size * sizeof(float);
    tensor.scales = file.bytes.subspan(offset, scale_bytes);
    offset += scale_bytes;
  }
  return tensors;
}

}  // namespace

absl::StatusOr<ModelSource> OpenLlama2cCheckpoint(const SourceFile& checkpoint,
                                                  const SourceFile& tokenizer) {
  const absl::StatusOr<Header> header = ReadHeader(checkpoint.bytes);
  if (!header.ok()) return AnnotateWithPath(header.status(), checkpoint.path);
  absl::StatusOr<std::vector<SourceTensor>> tensors =
      FindTensors(checkpoint, *header);
  if (!tensors.ok()) return AnnotateWithPath(tensors.status(), checkpoint.path);
  PEDIGREE_ASSIGN_OR_RETURN(
      ImportedTokenizer ids,
      ImportTokenizerFile(tokenizer, std::nullopt, {},
                          header->shape.vocab_size));
  return MakeSource(header->shape, std::move(ids), *std::move(tensors));
}

}  // namespace pedigree
