#include "runtime/testing/tiny_model.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/checksum.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/generation/random.h"
#include "runtime/tensor/half.h"

namespace pedigree {
namespace {

constexpr uint32_t kVocabSize = 260;
constexpr uint64_t kHeaderBytes = 108;
constexpr uint64_t kAdapterHeaderBytes = 112;
constexpr uint64_t kAdapterEntryBytes = 96;
constexpr uint64_t kAdapterChecksumOffset = 104;

struct TinyTensor {
  std::string name;
  uint32_t rank;
  uint32_t rows;
  uint32_t columns;
};

std::vector<TinyTensor> ListTensors(const TinyModelOptions& o) {
  const uint32_t heads = o.head_count * o.head_dim;
  const uint32_t kv_heads = o.kv_head_count * o.head_dim;
  std::vector<TinyTensor> tensors = {
      {"tok_embeddings.weight", 2, kVocabSize, o.hidden_size}};
  for (uint32_t n = 0; n < o.layer_count; ++n) {
    const std::string prefix = "layers." + std::to_string(n) + ".";
    tensors.push_back({prefix + "attn_norm.weight", 1, 1, o.hidden_size});
    tensors.push_back({prefix + "wq.weight", 2, heads, o.hidden_size});
    tensors.push_back({prefix + "wk.weight", 2, kv_heads, o.hidden_size});
    tensors.push_back({prefix + "wv.weight", 2, kv_heads, o.hidden_size});
    tensors.push_back({prefix + "wo.weight", 2, o.hidden_size, heads});
    tensors.push_back({prefix + "ffn_norm.weight", 1, 1, o.hidden_size});
    tensors.push_back({prefix + "w1.weight", 2, o.ffn_size, o.hidden_size});
    tensors.push_back({prefix + "w3.weight", 2, o.ffn_size, o.hidden_size});
    tensors.push_back({prefix + "w2.weight", 2, o.hidden_size, o.ffn_size});
  }
  tensors.push_back({"norm.weight", 1, 1, o.hidden_size});
  if (!o.tied_output) {
    tensors.push_back({"output.weight", 2, kVocabSize, o.hidden_size});
  }
  return tensors;
}

uint32_t BlockSize(const TinyModelOptions& options, const TinyTensor& tensor) {
  if (options.block_size != 0) return options.block_size;
  return options.dtype == DType::kQ8_0 ? tensor.columns : 32;
}

void AppendFloats(const std::vector<float>& values, std::string& out) {
  for (float value : values) AppendLittleEndian(value, out);
}

// Payload and scales of one tensor at the end of `file`; returns its entry.
std::string AppendTensor(const TinyModelOptions& options,
                         const TinyTensor& tensor, uint64_t seed,
                         std::string& file) {
  const bool f32 = tensor.rank == 1 || options.dtype == DType::kF32;
  const uint64_t count = uint64_t{tensor.rows} * tensor.columns;
  const uint32_t block_size = f32 ? 0 : BlockSize(options, tensor);
  PadTo(64, file);
  const uint64_t byte_offset = file.size();
  uint64_t scale_offset = 0;
  XorShift64 random(seed);
  if (f32) {
    AppendFloats(RandomValues(seed, count, options.weight_range), file);
  } else {
    const bool q8 = options.dtype == DType::kQ8_0;
    for (uint64_t i = 0; i < (q8 ? count : count / 2); ++i) {
      const uint64_t value = random.Next() >> 40;
      file.push_back(static_cast<char>(q8 ? value % 255 - 127 : value % 256));
    }
    PadTo(64, file);
    scale_offset = file.size();
    const float scale = options.weight_range / (q8 ? 127.0f : 8.0f);
    for (uint64_t i = 0; i < count / block_size; ++i) {
      const float value = scale * (0.5f + random.NextUnit());
      AppendLittleEndian(
          options.half_scales ? HalfToFloat(FloatToHalf(value)) : value, file);
    }
  }
  std::string entry;
  AppendLittleEndian(TensorNameHash(tensor.name), entry);
  AppendLittleEndian(
      static_cast<uint32_t>(f32 ? DType::kF32 : options.dtype), entry);
  AppendLittleEndian(tensor.rank, entry);
  AppendLittleEndian(tensor.rank == 1 ? tensor.columns : tensor.rows, entry);
  AppendLittleEndian(tensor.rank == 1 ? uint32_t{0} : tensor.columns, entry);
  AppendLittleEndian(uint64_t{0}, entry);
  AppendLittleEndian(byte_offset, entry);
  const uint64_t bits = f32 ? 32 : options.dtype == DType::kQ8_0 ? 8 : 4;
  AppendLittleEndian(count * bits / 8, entry);
  AppendLittleEndian(scale_offset, entry);
  AppendLittleEndian(block_size, entry);
  AppendLittleEndian(uint32_t{0}, entry);
  return entry;
}

std::string ByteTokenizer() {
  std::string section = "BTOK";
  for (uint32_t field : {1u, kVocabSize, 256u, 257u, 258u, 259u}) {
    AppendLittleEndian(field, section);
  }
  return section;
}

void StoreAt(uint64_t offset, const std::string& bytes, std::string& file) {
  std::memcpy(file.data() + offset, bytes.data(), bytes.size());
}

std::string ModelHeader(const TinyModelOptions& o, uint64_t tokenizer_length,
                        uint64_t directory_offset, uint32_t tensor_count,
                        uint64_t data_offset) {
  std::string header = "SLM1";
  for (uint32_t field :
       {1u, static_cast<uint32_t>(kHeaderBytes), 1u, o.tied_output ? 1u : 0u,
        kVocabSize, 4u, o.hidden_size, o.layer_count, o.head_count,
        o.kv_head_count, o.head_dim, o.ffn_size, o.max_context}) {
    AppendLittleEndian(field, header);
  }
  AppendLittleEndian(10000.0f, header);
  AppendLittleEndian(1e-5f, header);
  AppendLittleEndian(kHeaderBytes, header);
  AppendLittleEndian(tokenizer_length, header);
  AppendLittleEndian(directory_offset, header);
  AppendLittleEndian(tensor_count, header);
  AppendLittleEndian(data_offset, header);
  AppendLittleEndian(uint64_t{0}, header);
  return header;
}

void StoreChecksum(uint64_t offset, std::string& file) {
  StoreLittleEndian(FileChecksum(AsBytes(file), offset),
                    reinterpret_cast<uint8_t*>(file.data()) + offset);
}

// An entry of an adapter's directory and the bytes of its ranges.
struct TinyPayload {
  std::string tensor_name;
  uint32_t r;
  float scale;
  std::string first;
  std::string second;
};

template <typename T>
std::string Concatenate(const std::vector<T>& values) {
  std::string bytes;
  for (const T value : values) AppendLittleEndian(value, bytes);
  return bytes;
}

// Appends a range to `file`, and its place to `entry`: zeros for none.
void AppendRange(const std::string& range, std::string& entry,
                 std::string& file) {
  PadTo(64, file);
  AppendLittleEndian(range.empty() ? uint64_t{0} : uint64_t{file.size()},
                     entry);
  AppendLittleEndian(uint64_t{range.size()}, entry);
  file += range;
}

std::string AdapterHeader(const SlmReader& parent, std::string_view family,
                          uint64_t payload_count, uint64_t directory_offset,
                          uint64_t data_offset) {
  std::string header(family);
  AppendLittleEndian(uint32_t{1}, header);
  AppendLittleEndian(static_cast<uint32_t>(kAdapterHeaderBytes), header);
  AppendLittleEndian(uint32_t{0}, header);
  AppendLittleEndian(parent.flags(), header);
  AppendLittleEndian(static_cast<uint32_t>(parent.entries().size()), header);
  AppendLittleEndian(parent.parameter_count(), header);
  AppendLittleEndian(parent.tensor_layout_checksum(), header);
  AppendLittleEndian(parent.tokenizer_checksum(), header);
  const Digest digest = Sha256(parent.file_bytes());
  header.append(digest.bytes.begin(), digest.bytes.end());
  AppendLittleEndian(static_cast<uint32_t>(payload_count), header);
  AppendLittleEndian(uint32_t{0}, header);
  AppendLittleEndian(directory_offset, header);
  AppendLittleEndian(data_offset, header);
  return header;
}

std::string WriteAdapter(std::string_view model_file, std::string_view family,
                         uint32_t kind,
                         const std::vector<TinyPayload>& payloads) {
  const AlignedBytes aligned(model_file);
  const absl::StatusOr<SlmReader> parent =
      SlmReader::Parse(AsBytes(aligned.text()));
  PEDIGREE_CHECK(parent.ok());
  std::string file(AlignUp(kAdapterHeaderBytes, 64), '\0');
  const uint64_t directory_offset = file.size();
  file.resize(
      AlignUp(file.size() + payloads.size() * kAdapterEntryBytes, 64), '\0');
  const uint64_t data_offset = file.size();
  for (size_t i = 0; i < payloads.size(); ++i) {
    const uint64_t name_hash = TensorNameHash(payloads[i].tensor_name);
    const int index = parent->FindTensor(name_hash);
    PEDIGREE_CHECK(index >= 0);
    const TensorSpec& spec = parent->specs()[index];
    std::string entry;
    AppendLittleEndian(name_hash, entry);
    AppendLittleEndian(kind, entry);
    AppendLittleEndian(spec.rank, entry);
    for (uint32_t dim : spec.dims) AppendLittleEndian(dim, entry);
    AppendLittleEndian(payloads[i].r, entry);
    AppendLittleEndian(payloads[i].scale, entry);
    AppendRange(payloads[i].first, entry, file);
    AppendRange(payloads[i].second, entry, file);
    entry.resize(kAdapterEntryBytes, '\0');
    StoreAt(directory_offset + i * kAdapterEntryBytes, entry, file);
  }
  PadTo(64, file);
  StoreAt(0,
          AdapterHeader(*parent, family, payloads.size(), directory_offset,
                        data_offset),
          file);
  StoreChecksum(kAdapterChecksumOffset, file);
  return file;
}

}  // namespace

std::vector<float> RandomValues(uint64_t seed, uint64_t count, float range) {
  XorShift64 random(seed);
  std::vector<float> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    values.push_back((2.0f * random.NextUnit() - 1.0f) * range);
  }
  return values;
}

std::string TinyModel(const TinyModelOptions& options) {
  const std::vector<TinyTensor> tensors = ListTensors(options);
  const std::string tokenizer = ByteTokenizer();
  std::string file(kHeaderBytes, '\0');
  file += tokenizer;
  PadTo(64, file);
  const uint64_t directory_offset = file.size();
  file.resize(file.size() + tensors.size() * kTensorEntryBytes, '\0');
  PadTo(64, file);
  const uint64_t data_offset = file.size();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string entry =
        AppendTensor(options, tensors[i], options.seed * 1000 + i, file);
    StoreAt(directory_offset + i * kTensorEntryBytes, entry, file);
  }
  PadTo(64, file);
  StoreAt(0,
          ModelHeader(options, tokenizer.size(), directory_offset,
                      static_cast<uint32_t>(tensors.size()), data_offset),
          file);
  StoreChecksum(kSlmChecksumOffset, file);
  return file;
}

std::string TinyAdapter(std::string_view model_file,
                        const std::vector<TinyDelta>& deltas) {
  std::vector<TinyPayload> payloads;
  for (const TinyDelta& delta : deltas) {
    payloads.push_back(
        {delta.tensor_name, 0, 1.0f, Concatenate(delta.values), ""});
  }
  return WriteAdapter(model_file, "ADP1", 1, payloads);
}

std::string TinySparseAdapter(std::string_view model_file,
                              const std::vector<TinySparseDelta>& deltas) {
  std::vector<TinyPayload> payloads;
  for (const TinySparseDelta& delta : deltas) {
    payloads.push_back({delta.tensor_name, 0, 1.0f,
                        Concatenate(delta.indices),
                        Concatenate(delta.values)});
  }
  return WriteAdapter(model_file, "ASP1", 2, payloads);
}

std::string TinyLowRankAdapter(std::string_view model_file,
                               const std::vector<TinyLowRank>& factors) {
  std::vector<TinyPayload> payloads;
  for (const TinyLowRank& factor : factors) {
    payloads.push_back({factor.tensor_name, factor.rank, factor.scale,
                        Concatenate(factor.a), Concatenate(factor.b)});
  }
  return WriteAdapter(model_file, "ALR1", 3, payloads);
}

AlignedBytes::AlignedBytes(std::string_view bytes)
    : lines_((bytes.size() + 63) / 64), size_(bytes.size()) {
  if (!bytes.empty()) std::memcpy(lines_.data(), bytes.data(), bytes.size());
}

std::string_view AlignedBytes::text() const {
  return {reinterpret_cast<const char*>(lines_.data()), size_};
}

}  // namespace pedigree
