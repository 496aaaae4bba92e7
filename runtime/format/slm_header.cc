#include "runtime/format/slm_header.h"

#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/float_text.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint32_t kMinVocabSize = 260;
constexpr uint32_t kMinSpecialTokens = 4;

template <typename... Parts>
absl::Status HeaderError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidHeader, "Invalid .slm file: ", parts...);
}

absl::Status CheckAtLeast(std::string_view field, uint32_t value,
                          uint32_t min) {
  if (value >= min) return absl::OkStatus();
  return HeaderError(field, " is ", value, " (must be at least ", min, ")");
}

// Also refuses NaN, which no comparison holds for.
absl::Status CheckPositive(std::string_view field, float value) {
  if (value > 0 && value <= std::numeric_limits<float>::max()) {
    return absl::OkStatus();
  }
  return HeaderError(field, " is ", FloatText(value),
                     " (must be finite and positive)");
}

absl::Status CheckHeads(const ModelShape& shape) {
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast("head_count", shape.head_count, 1));
  PEDIGREE_RETURN_IF_ERROR(
      CheckAtLeast("kv_head_count", shape.kv_head_count, 1));
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast("head_dim", shape.head_dim, 1));
  if (shape.head_count % shape.kv_head_count != 0) {
    return HeaderError("kv_head_count ", shape.kv_head_count,
                       " does not divide head_count ", shape.head_count);
  }
  if (shape.head_dim % 2 != 0) {
    return HeaderError("head_dim is ", shape.head_dim, " (must be even)");
  }
  const uint64_t width = uint64_t{shape.head_count} * shape.head_dim;
  if (width > std::numeric_limits<uint32_t>::max()) {
    return HeaderError("head_count x head_dim is ", width, " (must fit in ",
                       "32 bits)");
  }
  return absl::OkStatus();
}

// The fields behind magic and version; `bytes` holds a whole header.
SlmHeader LoadFields(const uint8_t* bytes) {
  const auto u32 = [bytes](int offset) {
    return LoadLittleEndian<uint32_t>(bytes + offset);
  };
  const auto u64 = [bytes](int offset) {
    return LoadLittleEndian<uint64_t>(bytes + offset);
  };
  SlmHeader header;
  header.header_length = u32(8);
  header.flags = u32(16);
  header.shape.tied_output = (header.flags & kFlagTiedOutput) != 0;
  header.shape.vocab_size = u32(20);
  header.shape.special_token_count = u32(24);
  header.shape.hidden_size = u32(28);
  header.shape.layer_count = u32(32);
  header.shape.head_count = u32(36);
  header.shape.kv_head_count = u32(40);
  header.shape.head_dim = u32(44);
  header.shape.ffn_size = u32(48);
  header.shape.max_context = u32(52);
  header.shape.rope_theta = LoadLittleEndian<float>(bytes + 56);
  header.shape.rms_norm_epsilon = LoadLittleEndian<float>(bytes + 60);
  header.tokenizer_offset = u64(64);
  header.tokenizer_length = u64(72);
  header.tensor_directory_offset = u64(80);
  header.tensor_count = u32(88);
  header.tensor_data_offset = u64(92);
  header.checksum = u64(kSlmChecksumOffset);
  return header;
}

absl::Status CheckMagic(ByteSpan file_bytes) {
  const std::string_view magic =
      AsText(file_bytes).substr(0, kSlmMagic.size());
  if (magic == kSlmMagic) return absl::OkStatus();
  return MakeError(ErrorCode::kInvalidModelMagic,
                   "Invalid .slm file: magic is \"", absl::CHexEscape(magic),
                   "\" (expected \"", kSlmMagic, "\"), at byte 0");
}

}  // namespace

absl::Status CheckModelShape(const ModelShape& shape) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckAtLeast("vocab_size", shape.vocab_size, kMinVocabSize));
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast(
      "special_token_count", shape.special_token_count, kMinSpecialTokens));
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast("hidden_size", shape.hidden_size, 1));
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast("layer_count", shape.layer_count, 1));
  PEDIGREE_RETURN_IF_ERROR(CheckHeads(shape));
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast("ffn_size", shape.ffn_size, 1));
  PEDIGREE_RETURN_IF_ERROR(CheckAtLeast("max_context", shape.max_context, 1));
  PEDIGREE_RETURN_IF_ERROR(CheckPositive("rope_theta", shape.rope_theta));
  return CheckPositive("rms_norm_epsilon", shape.rms_norm_epsilon);
}

absl::StatusOr<SlmHeader> ParseSlmHeader(ByteSpan file_bytes) {
  PEDIGREE_RETURN_IF_ERROR(CheckMagic(file_bytes));
  if (file_bytes.size() < kSlmHeaderBytes) {
    return HeaderError("file size ", file_bytes.size(),
                       " ends inside the header of ", kSlmHeaderBytes,
                       " bytes");
  }
  const uint8_t* bytes = file_bytes.data();
  if (const auto version = LoadLittleEndian<uint32_t>(bytes + 4);
      version != kSlmVersion) {
    return MakeError(ErrorCode::kUnsupportedModelVersion,
                     "Unsupported .slm version: ", version,
                     " (this build reads ", kSlmVersion, ")");
  }
  const SlmHeader header = LoadFields(bytes);
  PEDIGREE_RETURN_IF_ERROR(
      CheckAtLeast("header_length", header.header_length, kSlmHeaderBytes));
  if (const auto model_type = LoadLittleEndian<uint32_t>(bytes + 12);
      model_type != kModelTypeTransformer) {
    return HeaderError("model_type is ", model_type, " (this build reads ",
                       kModelTypeTransformer, ")");
  }
  if ((header.flags & ~kFlagTiedOutput) != 0) {
    return HeaderError("flags are 0x", HexNumber{header.flags},
                       " (only bit 0 is defined)");
  }
  PEDIGREE_RETURN_IF_ERROR(CheckModelShape(header.shape));
  if (header.checksum == 0) {
    return HeaderError("checksum is 0 (must be nonzero), at byte ",
                       kSlmChecksumOffset);
  }
  return header;
}

}  // namespace pedigree
