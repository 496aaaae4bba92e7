#include "runtime/tokenizer/bpe_section.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/types/span.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint64_t kVersion1HeaderBytes = 36;
constexpr uint64_t kVersion2HeaderBytes = 64;
constexpr uint64_t kTokenRecordBytes = 8;
constexpr uint64_t kMergeRecordBytes = 16;
constexpr uint64_t kAddedRecordBytes = 12;
constexpr uint64_t kRoleRecordBytes = 8;
constexpr uint32_t kKnownFlags = 31;
constexpr uint32_t kKnownAddedFlags = 31;
constexpr auto kLastPreSplit = static_cast<uint32_t>(PreSplit::kDigits);
constexpr auto kLastNormalizer =
    static_cast<uint32_t>(Normalizer::kSpaceEscape);

template <typename... Parts>
absl::Status SectionError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidTokenizer,
                   "Invalid BPE1 section: ", parts...);
}

template <typename... Parts>
absl::Status UnsupportedError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidTokenizer,
                   absl::StatusCode::kUnimplemented, "Unsupported BPE1 ",
                   parts...);
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
  absl::Status ParseFlags();
  absl::Status ParseKinds();
  absl::Status ParseIds(std::string_view what, uint32_t count,
                        std::vector<uint32_t>& ids);
  absl::Status ParseAddedTokens(uint32_t count);
  absl::Status ParseAddedToken(uint32_t index);
  absl::Status CheckAddedTexts() const;
  absl::Status ParseRoles(uint32_t count);
  absl::Status CheckRole(uint32_t index, const RoleCopy& copy) const;
  absl::Status CheckUse() const;
  absl::Status ParseTokens();
  absl::Status ParseToken(uint32_t index);
  absl::Status ParseMerges();
  absl::Status CheckMerge(uint32_t index, const Merge& merge) const;
  absl::Status CheckPart(uint32_t index, std::string_view part,
                         uint32_t id) const;

  bool IsAbsent(uint32_t id) const;
  bool IsCopy(uint32_t id) const;
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

absl::Status SectionParser::ParseFlags() {
  const uint32_t flags = Take();
  if ((flags & ~kKnownFlags) != 0) {
    return SectionError("flags are 0x", HexNumber{flags},
                        " (only bits 0 to 4 are defined), at byte 36");
  }
  section_.add_bos = (flags & kBpeAddBos) != 0;
  section_.add_eos = (flags & kBpeAddEos) != 0;
  section_.byte_fallback = (flags & kBpeByteFallback) != 0;
  section_.byte_symbols = (flags & kBpeByteSymbols) != 0;
  section_.whole_words = (flags & kBpeWholeWords) != 0;
  if (section_.byte_symbols && !section_.byte_fallback) {
    return SectionError(
        "byte_symbols is set, but byte_fallback is not, at byte 36");
  }
  return absl::OkStatus();
}

absl::Status SectionParser::ParseKinds() {
  const uint32_t pre_split = Take();
  if (pre_split > kLastPreSplit) {
    return SectionError("pre_split is ", pre_split, " (must be 0 to ",
                        kLastPreSplit, "), at byte 40");
  }
  const uint32_t normalizer = Take();
  if (normalizer > kLastNormalizer) {
    return SectionError("normalizer is ", normalizer, " (must be 0 to ",
                        kLastNormalizer, "), at byte 44");
  }
  section_.pre_split = static_cast<PreSplit>(pre_split);
  section_.normalizer = static_cast<Normalizer>(normalizer);
  return absl::OkStatus();
}

absl::Status SectionParser::ParseVersion2Header() {
  PEDIGREE_RETURN_IF_ERROR(
      Need(kVersion2HeaderBytes - position_, "version 2 header"));
  PEDIGREE_RETURN_IF_ERROR(ParseFlags());
  PEDIGREE_RETURN_IF_ERROR(ParseKinds());
  const uint32_t stop_count = Take();
  const uint32_t absent_count = Take();
  const uint32_t added_count = Take();
  const uint32_t role_count = Take();
  PEDIGREE_RETURN_IF_ERROR(
      ParseIds("stop id", stop_count, section_.stop_ids));
  PEDIGREE_RETURN_IF_ERROR(
      ParseIds("absent id", absent_count, section_.absent_ids));
  PEDIGREE_RETURN_IF_ERROR(ParseAddedTokens(added_count));
  PEDIGREE_RETURN_IF_ERROR(ParseRoles(role_count));
  return CheckUse();
}

absl::Status SectionParser::ParseAddedTokens(uint32_t count) {
  PEDIGREE_RETURN_IF_ERROR(
      Need(count * kAddedRecordBytes, "list of added tokens"));
  section_.added_tokens.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    PEDIGREE_RETURN_IF_ERROR(ParseAddedToken(i));
  }
  return CheckAddedTexts();
}

absl::Status SectionParser::ParseAddedToken(uint32_t index) {
  const uint64_t position = position_;
  const std::string name = Concat("added token ", index);
  PEDIGREE_RETURN_IF_ERROR(Need(kAddedRecordBytes, name));
  AddedToken token;
  token.id = Take();
  const uint32_t flags = Take();
  const uint32_t length = Take();
  if (token.id < kBosId || token.id >= section_.vocab_size) {
    return SectionError(name, " has id ", token.id, " (must be ", kBosId,
                        " to ", section_.vocab_size - 1, "), at byte ",
                        position);
  }
  if (!section_.added_tokens.empty() &&
      token.id <= section_.added_tokens.back().id) {
    return SectionError(name, " has id ", token.id, " (must be above ",
                        section_.added_tokens.back().id, "), at byte ",
                        position);
  }
  if (IsAbsent(token.id)) {
    return SectionError(name, " has id ", token.id, ", which is absent, at ",
                        "byte ", position);
  }
  if ((flags & ~kKnownAddedFlags) != 0) {
    return SectionError(name, " has flags 0x", HexNumber{flags},
                        " (only bits 0 to 4 are defined), at byte ",
                        position + 4);
  }
  if (length == 0 || length > kMaxAddedTokenBytes) {
    return SectionError(name, " has ", length, " bytes (must be 1 to ",
                        kMaxAddedTokenBytes, "), at byte ", position + 8);
  }
  PEDIGREE_RETURN_IF_ERROR(Need(length, Concat("text of ", name)));
  token.text = AsText(bytes_).substr(position_, length);
  position_ += length;
  token.strip_left = (flags & kAddedStripLeft) != 0;
  token.strip_right = (flags & kAddedStripRight) != 0;
  token.normalized = (flags & kAddedNormalized) != 0;
  token.special = (flags & kAddedSpecial) != 0;
  token.piece = (flags & kAddedPiece) != 0;
  section_.added_tokens.push_back(token);
  return absl::OkStatus();
}

absl::Status SectionParser::CheckAddedTexts() const {
  std::vector<std::pair<std::string_view, uint32_t>> texts;
  for (const AddedToken& token : section_.added_tokens) {
    texts.emplace_back(token.text, token.id);
  }
  Sort(texts.begin(), texts.end());
  for (size_t i = 1; i < texts.size(); ++i) {
    if (texts[i].first != texts[i - 1].first) continue;
    return SectionError("added tokens ", texts[i - 1].second, " and ",
                        texts[i].second, " have the same text");
  }
  return absl::OkStatus();
}

absl::Status SectionParser::ParseRoles(uint32_t count) {
  PEDIGREE_RETURN_IF_ERROR(Need(count * kRoleRecordBytes, "list of roles"));
  for (uint32_t i = 0; i < count; ++i) {
    RoleCopy copy;
    copy.id = Take();
    copy.original = Take();
    PEDIGREE_RETURN_IF_ERROR(CheckRole(i, copy));
    section_.role_copies.push_back(copy);
  }
  for (const RoleCopy& copy : section_.role_copies) {
    if (!IsCopy(copy.original)) continue;
    return SectionError("role id ", copy.id, " copies id ", copy.original,
                        ", which is a copy itself");
  }
  return absl::OkStatus();
}

absl::Status SectionParser::CheckRole(uint32_t index,
                                      const RoleCopy& copy) const {
  const uint64_t position = position_ - kRoleRecordBytes;
  if (copy.id < kBosId || copy.id > kUnkId) {
    return SectionError("role ", index, " has id ", copy.id, " (must be ",
                        kBosId, " to ", kUnkId, "), at byte ", position);
  }
  if (index > 0 && copy.id <= section_.role_copies.back().id) {
    return SectionError("role ", index, " has id ", copy.id,
                        " (must be above ", section_.role_copies.back().id,
                        "), at byte ", position);
  }
  if (IsAbsent(copy.id)) {
    return SectionError("role ", index, " has id ", copy.id,
                        ", which is absent, at byte ", position);
  }
  if (copy.original < kBosId || copy.original >= section_.vocab_size) {
    return SectionError("role ", index, " copies id ", copy.original,
                        " (must be ", kBosId, " to ", section_.vocab_size - 1,
                        "), at byte ", position + 4);
  }
  if (copy.original == copy.id || IsAbsent(copy.original)) {
    return SectionError("role ", index, " copies id ", copy.original,
                        copy.original == copy.id ? ", which is itself"
                                                 : ", which is absent",
                        ", at byte ", position + 4);
  }
  return absl::OkStatus();
}

bool SectionParser::IsCopy(uint32_t id) const {
  return std::any_of(section_.role_copies.begin(), section_.role_copies.end(),
                     [id](const RoleCopy& copy) { return copy.id == id; });
}

absl::Status SectionParser::ParseIds(std::string_view what, uint32_t count,
                                     std::vector<uint32_t>& ids) {
  PEDIGREE_RETURN_IF_ERROR(
      Need(uint64_t{count} * sizeof(uint32_t), Concat("list of ", what, "s")));
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

// What encoding may emit and what ends generation must be there; a copy is not
// what is found in a text.
absl::Status SectionParser::CheckUse() const {
  for (const uint32_t id : section_.stop_ids) {
    if (IsAbsent(id)) return SectionError("stop id ", id, " is absent");
  }
  for (const AddedToken& token : section_.added_tokens) {
    if (!IsCopy(token.id)) continue;
    return SectionError("added token of id ", token.id, " is a copy");
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
  const std::string name = Concat("token record ", index);
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
      Need(length, Concat("text of ", name, " (id ", id, ")")));
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
