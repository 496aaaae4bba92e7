#include "runtime/tokenizer/byte_tokenizer.h"

#include "absl/memory/memory.h"
#include "runtime/base/error_code.h"
#include "runtime/tokenizer/bpe_section.h"

namespace pedigree {
namespace {

constexpr uint64_t kSectionBytes = 28;

template <typename... Parts>
absl::Status SectionError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidTokenizer,
                   "Invalid BTOK section: ", parts...);
}

// The fields behind magic and version, which have one right value each.
struct FixedField {
  std::string_view name;
  uint32_t value;
};
constexpr FixedField kFixedFields[] = {{"vocab_size", kFirstPieceId},
                                       {"bos id", kBosId},
                                       {"eos id", kEosId},
                                       {"pad id", kPadId},
                                       {"unk id", kUnkId}};

}  // namespace

ByteTokenizer::ByteTokenizer() {
  vocab_size_ = kFirstPieceId;
  bos_ = kBosId;
  eos_ = kEosId;
  pad_ = kPadId;
  unk_ = kUnkId;
  stop_ids_ = {kEosId};
  excluded_.resize(vocab_size_);
  excluded_[kPadId] = true;
  excluded_[kUnkId] = true;
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> ByteTokenizer::Parse(
    ByteSpan section, uint32_t vocab_size) {
  if (section.size() != kSectionBytes) {
    return SectionError("length is ", section.size(), " (expected ",
                        kSectionBytes, ")");
  }
  if (const auto version = LoadLittleEndian<uint32_t>(section.data() + 4);
      version != 1) {
    return MakeError(
        ErrorCode::kInvalidTokenizer, absl::StatusCode::kUnimplemented,
        "Unsupported BTOK version: ", version, " (this build reads 1)");
  }
  uint64_t position = 8;
  for (const FixedField& field : kFixedFields) {
    const auto value = LoadLittleEndian<uint32_t>(section.data() + position);
    if (value != field.value) {
      return SectionError(field.name, " is ", value, " (expected ",
                          field.value, "), at byte ", position);
    }
    position += sizeof(uint32_t);
  }
  if (vocab_size != kFirstPieceId) {
    return SectionError("vocab_size is ", kFirstPieceId, " (the model's is ",
                        vocab_size, "), at byte 8");
  }
  return absl::WrapUnique(new ByteTokenizer());
}

absl::StatusOr<std::vector<uint32_t>> ByteTokenizer::Encode(
    std::string_view text) const {
  std::vector<uint32_t> ids;
  ids.reserve(text.size() + 2);
  ids.push_back(bos_);
  for (const uint8_t byte : AsBytes(text)) ids.push_back(byte);
  ids.push_back(eos_);
  return ids;
}

std::string ByteTokenizer::DecodeBytes(absl::Span<const uint32_t> ids,
                                       uint32_t /*previous*/) const {
  std::string bytes;
  for (const uint32_t id : ids) {
    if (id < kByteCount) bytes.push_back(static_cast<char>(id));
    if (id == unk_) bytes.push_back('?');
  }
  return bytes;
}

}  // namespace pedigree
