#include "runtime/tokenizer/bpe_section.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint64_t kVersion1HeaderBytes = 36;
constexpr uint64_t kVersion2HeaderBytes = 64;
constexpr uint64_t kTokenRecordBytes = 8;
constexpr uint64_t kMergeRecordBytes = 16;
constexpr uint32_t kKnownFlags = kBpeAddBos | kBpeAddEos | kBpeByteFallback;

constexpr std::string_view kPreSplitNames[] = {"none", "gpt2", "llama3",
                                               "qwen2", "digits"};
constexpr std::string_view kNormalizerNames[] = {"none", "nfc",
                                                 "space_prefix"};

template <typename... Parts>
absl::Status SectionError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidTokenizer,
                   absl::StrCat("Invalid BPE1 section: ", parts...));
}

template <typename... Parts>
absl::Status UnsupportedError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidTokenizer,
                   absl::StatusCode::kUnimplemented,
                   absl::StrCat("Unsupported BPE1 ", parts...));
}

class SectionParser {
 public:
  SectionParser(ByteSpan bytes, uint32_t vocab_size)
      : bytes_(bytes), model_vocab_size_(vocab_size) {}

  absl::StatusOr<BpeSection> Parse();

 private:
  // Fails unless `length` more bytes follow, which `what` needs.
  absl::Status Need(uint64_t length, std::string_view what) const;
  // The next field; Need must have been asked.
  uint32_t Take();

  absl::Status ParseHeader();
  absl::Status ParseVersion2Header();
  absl::Status CheckSpecials() const;
  absl::Status CheckKinds(uint32_t pre_split, uint32_t normalizer,
                          uint32_t added_count, uint32_t role_count) const;
  absl::Status ParseIds(std::string_view what, uint32_t count,
                        std::vector<uint32_t>& ids);
  absl::Status CheckRoles() const;
  absl::Status ParseTokens();
  absl::Status ParseToken(uint32_t index);
  absl::Status ParseMerges();
  absl::Status CheckMerge(uint32_t index, const Merge& merge) const;
  absl::Status CheckPart(uint32_t index, std::string_view part,
                         uint32_t id) const;

  bool IsAbsent(uint32_t id) const;
  // The bytes that `id` stands for; empty for specials and absent ids.
  std::string_view BytesOf(uint32_t id) const;

  ByteSpan bytes_;
  uint32_t model_vocab_size_;
  uint64_t position_ = 0;
  uint32_t token_count_ = 0;
  uint32_t merge_count_ = 0;
  uint32_t next_token_id_ = kFirstPieceId;
  std::array<char, kByteCount> byte_values_;
  BpeSection section_;
};

absl::Status SectionParser::Need(uint64_t length,
                                 std::string_view what) const {
  const uint64_t left = bytes_.size() - position_;
  if (length <= left) return absl::OkStatus();
  return SectionError(what, " needs ", length, " bytes (", left,
                      " left), at byte ", position_);
}

uint32_t SectionParser::Take() {
  const auto value = LoadLittleEndian<uint32_t>(bytes_.data() + position_);
  position_ += sizeof(uint32_t);
  return value;
}

absl::Status SectionParser::CheckSpecials() const {
  constexpr std::string_view kNames[] = {"bos", "eos", "pad", "unk"};
  for (uint32_t i = 0; i < 4; ++i) {
    const uint64_t position = 12 + i * sizeof(uint32_t);
    const auto id = LoadLittleEndian<uint32_t>(bytes_.data() + position);
    if (id == kBosId + i) continue;
    return SectionError(kNames[i], " id is ", id, " (expected ", kBosId + i,
                        "), at byte ", position);
  }
  return absl::OkStatus();
}

absl::Status SectionParser::ParseHeader() {
  position_ = kBpeMagic.size();
  PEDIGREE_RETURN_IF_ERROR(Need(sizeof(uint32_t), "version"));
  section_.version = Take();
  if (section_.version != 1 && section_.version != 2) {
    return UnsupportedError("version: ", section_.version,
                            " (this build reads 1 and 2)");
  }
  PEDIGREE_RETURN_IF_ERROR(
      Need(kVersion1HeaderBytes - position_, "header"));
  section_.vocab_size = Take();
  if (section_.vocab_size != model_vocab_size_) {
    return SectionError("vocab_size is ", section_.vocab_size, " (the model's ",
                        "is ", model_vocab_size_, "), at byte 8");
  }
  if (section_.vocab_size < kFirstPieceId) {
    return SectionError("vocab_size is ", section_.vocab_size,
                        " (must be at least ", kFirstPieceId, "), at byte 8");
  }
  PEDIGREE_RETURN_IF_ERROR(CheckSpecials());
  position_ = 28;
  token_count_ = Take();
  merge_count_ = Take();
  if (section_.version == 2) return ParseVersion2Header();
  section_.stop_ids = {kEosId};
  return absl::OkStatus();
}

absl::Status SectionParser::CheckKinds(uint32_t pre_split, uint32_t normalizer,
                                       uint32_t added_count,
                                       uint32_t role_count) const {
  if (pre_split >= std::size(kPreSplitNames)) {
    return SectionError("pre_split is ", pre_split, " (must be 0 to ",
                        std::size(kPreSplitNames) - 1, "), at byte 40");
  }
  if (pre_split != 0) {
    return UnsupportedError("pre_split: ", kPreSplitNames[pre_split],
                            " (this build reads none), at byte 40");
  }
  if (normalizer >= std::size(kNormalizerNames)) {
    return SectionError("normalizer is ", normalizer, " (must be 0 to ",
                        std::size(kNormalizerNames) - 1, "), at byte 44");
  }
  if (normalizer != kNormalizerNone && normalizer != kNormalizerSpacePrefix) {
    return UnsupportedError("normalizer: ", kNormalizerNames[normalizer],
                            " (this build reads none and space_prefix), at ",
                            "byte 44");
  }
  if (added_count != 0) {
    return UnsupportedError("added tokens: ", added_count,
                            " (this build reads 0), at byte 56");
  }
  if (role_count != 0) {
    return UnsupportedError("roles: ", role_count,
                            " (this build reads 0), at byte 60");
  }
  return absl::OkStatus();
}

absl::Status SectionParser::ParseVersion2Header() {
  PEDIGREE_RETURN_IF_ERROR(
      Need(kVersion2HeaderBytes - position_, "version 2 header"));
  const uint32_t flags = Take();
  if ((flags & ~kKnownFlags) != 0) {
    return SectionError("flags are 0x", absl::Hex(flags),
                        " (only bits 0 to 2 are defined), at byte 36");
  }
  section_.add_bos = (flags & kBpeAddBos) != 0;
  section_.add_eos = (flags & kBpeAddEos) != 0;
  section_.byte_fallback = (flags & kBpeByteFallback) != 0;
  const uint32_t pre_split = Take();
  const uint32_t normalizer = Take();
  const uint32_t stop_count = Take();
  const uint32_t absent_count = Take();
  const uint32_t added_count = Take();
  const uint32_t role_count = Take();
  PEDIGREE_RETURN_IF_ERROR(
      CheckKinds(pre_split, normalizer, added_count, role_count));
  section_.space_prefix = normalizer == kNormalizerSpacePrefix;
  PEDIGREE_RETURN_IF_ERROR(
      ParseIds("stop id", stop_count, section_.stop_ids));
  PEDIGREE_RETURN_IF_ERROR(
      ParseIds("absent id", absent_count, section_.absent_ids));
  return CheckRoles();
}

absl::Status SectionParser::ParseIds(std::string_view what, uint32_t count,
                                     std::vector<uint32_t>& ids) {
  PEDIGREE_RETURN_IF_ERROR(Need(uint64_t{count} * sizeof(uint32_t),
                                absl::StrCat("list of ", what, "s")));
  ids.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t position = position_;
    const uint32_t id = Take();
    if (id >= section_.vocab_size) {
      return SectionError(what, " ", i, " is ", id, " (vocab_size is ",
                          section_.vocab_size, "), at byte ", position);
    }
    if (!ids.empty() && id <= ids.back()) {
      return SectionError(what, " ", i, " is ", id, " (must be above ",
                          ids.back(), "), at byte ", position);
    }
    ids.push_back(id);
  }
  return absl::OkStatus();
}

// What encoding may emit and what ends generation must be there.
absl::Status SectionParser::CheckRoles() const {
  for (const uint32_t id : section_.stop_ids) {
    if (IsAbsent(id)) return SectionError("stop id ", id, " is absent");
  }
  if (section_.add_bos && IsAbsent(kBosId)) {
    return SectionError("add_bos is set, but BOS is absent");
  }
  if (section_.add_eos && IsAbsent(kEosId)) {
    return SectionError("add_eos is set, but EOS is absent");
  }
  if (section_.byte_fallback && !section_.absent_ids.empty() &&
      section_.absent_ids.front() < kByteCount) {
    return SectionError("byte_fallback is set, but byte id ",
                        section_.absent_ids.front(), " is absent");
  }
  if (!section_.byte_fallback && IsAbsent(kUnkId)) {
    return SectionError("byte_fallback is not set, and UNK is absent");
  }
  return absl::OkStatus();
}

bool SectionParser::IsAbsent(uint32_t id) const {
  return std::binary_search(section_.absent_ids.begin(),
                            section_.absent_ids.end(), id);
}

absl::Status SectionParser::ParseTokens() {
  const uint64_t absent_pieces =
      section_.absent_ids.end() -
      std::lower_bound(section_.absent_ids.begin(), section_.absent_ids.end(),
                       kFirstPieceId);
  const uint64_t expected =
      section_.vocab_size - kFirstPieceId - absent_pieces;
  // Ids ascend and stay in range, so the right number of them leaves no gap.
  if (token_count_ != expected) {
    return SectionError("token_count is ", token_count_, " (expected ",
                        expected, " for vocab_size ", section_.vocab_size,
                        "), at byte 28");
  }
  PEDIGREE_RETURN_IF_ERROR(
      Need(token_count_ * kTokenRecordBytes, "list of tokens"));
  section_.pieces.resize(section_.vocab_size - kFirstPieceId);
  for (uint32_t i = 0; i < token_count_; ++i) {
    PEDIGREE_RETURN_IF_ERROR(ParseToken(i));
  }
  return absl::OkStatus();
}

absl::Status SectionParser::ParseToken(uint32_t index) {
  const uint64_t position = position_;
  const std::string name = absl::StrCat("token record ", index);
  PEDIGREE_RETURN_IF_ERROR(Need(kTokenRecordBytes, name));
  const uint32_t id = Take();
  const uint32_t length = Take();
  if (id < kFirstPieceId || id >= section_.vocab_size) {
    return SectionError(name, " has id ", id, " (must be ", kFirstPieceId,
                        " to ", section_.vocab_size - 1, "), at byte ",
                        position);
  }
  if (id + 1 == next_token_id_) {
    return SectionError(name, " repeats id ", id, ", at byte ", position);
  }
  if (id < next_token_id_) {
    return SectionError(name, " has id ", id, " (must be above ",
                        next_token_id_ - 1, "), at byte ", position);
  }
  if (IsAbsent(id)) {
    return SectionError(name, " has id ", id, ", which is absent, at byte ",
                        position);
  }
  if (length == 0) {
    return SectionError(name, " (id ", id, ") has no bytes, at byte ",
                        position);
  }
  PEDIGREE_RETURN_IF_ERROR(
      Need(length, absl::StrCat("text of ", name, " (id ", id, ")")));
  section_.pieces[id - kFirstPieceId] =
      AsText(bytes_).substr(position_, length);
  position_ += length;
  next_token_id_ = id + 1;
  return absl::OkStatus();
}

std::string_view SectionParser::BytesOf(uint32_t id) const {
  if (id >= kFirstPieceId) return section_.pieces[id - kFirstPieceId];
  if (id >= kByteCount || IsAbsent(id)) return {};
  return std::string_view(&byte_values_[id], 1);
}

absl::Status SectionParser::CheckPart(uint32_t index, std::string_view part,
                                      uint32_t id) const {
  const uint64_t position = position_ - kMergeRecordBytes;
  if (id >= section_.vocab_size) {
    return SectionError("merge ", index, " has ", part, " id ", id,
                        " (vocab_size is ", section_.vocab_size,
                        "), at byte ", position);
  }
  if (BytesOf(id).empty() || (part == "output" && id < kFirstPieceId)) {
    return SectionError("merge ", index, " has ", part, " id ", id,
                        ", which has no token, at byte ", position);
  }
  return absl::OkStatus();
}

absl::Status SectionParser::CheckMerge(uint32_t index,
                                       const Merge& merge) const {
  PEDIGREE_RETURN_IF_ERROR(CheckPart(index, "left", merge.left));
  PEDIGREE_RETURN_IF_ERROR(CheckPart(index, "right", merge.right));
  PEDIGREE_RETURN_IF_ERROR(CheckPart(index, "output", merge.output));
  const std::string_view left = BytesOf(merge.left);
  const std::string_view right = BytesOf(merge.right);
  const std::string_view output = BytesOf(merge.output);
  if (output.size() == left.size() + right.size() &&
      output.substr(0, left.size()) == left &&
      output.substr(left.size()) == right) {
    return absl::OkStatus();
  }
  return SectionError("merge ", index, " joins ids ", merge.left, " and ",
                      merge.right, ", but output id ", merge.output,
                      " has other bytes, at byte ",
                      position_ - kMergeRecordBytes);
}

absl::Status SectionParser::ParseMerges() {
  const uint64_t length = merge_count_ * kMergeRecordBytes;
  PEDIGREE_RETURN_IF_ERROR(Need(length, "list of merges"));
  if (const uint64_t extra = bytes_.size() - position_ - length; extra != 0) {
    return SectionError(extra, " bytes follow the last merge, at byte ",
                        position_ + length);
  }
  std::vector<Merge> merges;
  merges.reserve(merge_count_);
  const auto order = [](const Merge& merge) {
    return std::tuple(merge.rank, merge.left, merge.right);
  };
  for (uint32_t i = 0; i < merge_count_; ++i) {
    Merge merge;
    merge.left = Take();
    merge.right = Take();
    merge.output = Take();
    merge.rank = Take();
    PEDIGREE_RETURN_IF_ERROR(CheckMerge(i, merge));
    if (!merges.empty() && order(merge) < order(merges.back())) {
      return SectionError("merge ", i, " (rank ", merge.rank, ", ids ",
                          merge.left, " and ", merge.right,
                          ") must stand before merge ", i - 1, " (rank ",
                          merges.back().rank, ", ids ", merges.back().left,
                          " and ", merges.back().right, "), at byte ",
                          position_ - kMergeRecordBytes);
    }
    merges.push_back(merge);
  }
  section_.merges = MergeTable(std::move(merges));
  if (const auto pair = section_.merges.FindRepeatedPair(); pair.has_value()) {
    return SectionError("two merges join ids ", pair->first, " and ",
                        pair->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<BpeSection> SectionParser::Parse() {
  for (uint32_t i = 0; i < kByteCount; ++i) {
    byte_values_[i] = static_cast<char>(i);
  }
  PEDIGREE_RETURN_IF_ERROR(ParseHeader());
  PEDIGREE_RETURN_IF_ERROR(ParseTokens());
  PEDIGREE_RETURN_IF_ERROR(ParseMerges());
  return std::move(section_);
}

}  // namespace

absl::StatusOr<BpeSection> ParseBpeSection(ByteSpan section,
                                           uint32_t vocab_size) {
  return SectionParser(section, vocab_size).Parse();
}

}  // namespace pedigree
