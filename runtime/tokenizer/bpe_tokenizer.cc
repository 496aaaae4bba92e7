#include "runtime/tokenizer/bpe_tokenizer.h"

#include <algorithm>
#include <optional>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

absl::Status CheckUtf8(std::string_view text) {
  const std::optional<size_t> position = FindInvalidUtf8(text);
  if (!position.has_value()) return absl::OkStatus();
  const auto byte = static_cast<uint8_t>(text[*position]);
  return MakeError(ErrorCode::kInvalidUtf8,
                   absl::StrCat("Invalid text: byte 0x",
                                absl::Hex(byte, absl::kZeroPad2),
                                " is not UTF-8, at byte ", *position));
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::vector<uint8_t> bytes, BpeSection section)
    : bytes_(std::move(bytes)), section_(std::move(section)) {
  vocab_size_ = section_.vocab_size;
  bos_ = kBosId;
  eos_ = kEosId;
  pad_ = kPadId;
  unk_ = kUnkId;
  stop_ids_ = section_.stop_ids;
  excluded_.resize(vocab_size_);
  excluded_[kPadId] = true;
  excluded_[kUnkId] = true;
  for (const uint32_t id : section_.absent_ids) excluded_[id] = true;
  for (uint32_t i = 0; i < section_.pieces.size(); ++i) {
    const std::string_view piece = section_.pieces[i];
    if (piece.empty()) continue;
    const Utf8Sequence sequence = ReadUtf8(piece, 0);
    if (sequence.kind == Utf8Sequence::Kind::kCharacter &&
        sequence.length == piece.size()) {
      characters_.emplace_back(sequence.code_point, kFirstPieceId + i);
    }
  }
  std::sort(characters_.begin(), characters_.end());
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> BpeTokenizer::Parse(
    ByteSpan section, uint32_t vocab_size) {
  std::vector<uint8_t> bytes(section.begin(), section.end());
  PEDIGREE_ASSIGN_OR_RETURN(BpeSection parsed,
                            ParseBpeSection(bytes, vocab_size));
  return absl::WrapUnique(
      new BpeTokenizer(std::move(bytes), std::move(parsed)));
}

std::string_view BpeTokenizer::kind() const {
  return section_.version == 1 ? "bpe1" : "bpe1-v2";
}

uint32_t BpeTokenizer::FindCharacter(uint32_t code_point) const {
  const auto found = std::lower_bound(characters_.begin(), characters_.end(),
                                      std::pair(code_point, uint32_t{0}));
  if (found == characters_.end() || found->first != code_point) {
    return kNoToken;
  }
  return found->second;
}

void BpeTokenizer::AppendSymbols(std::string_view text,
                                 std::vector<uint32_t>& ids) const {
  for (size_t i = 0; i < text.size();) {
    Utf8Sequence sequence = {Utf8Sequence::Kind::kInvalid, 1, 0};
    if (section_.version != 1) sequence = ReadUtf8(text, i);
    const uint32_t piece = sequence.kind == Utf8Sequence::Kind::kCharacter
                               ? FindCharacter(sequence.code_point)
                               : kNoToken;
    if (piece != kNoToken) {
      ids.push_back(piece);
    } else if (!section_.byte_fallback) {
      ids.push_back(unk_);
    } else {
      for (const uint8_t byte : AsBytes(text.substr(i, sequence.length))) {
        ids.push_back(byte);
      }
    }
    i += sequence.length;
  }
}

absl::StatusOr<std::vector<uint32_t>> BpeTokenizer::Encode(
    std::string_view text) const {
  std::vector<uint32_t> symbols;
  symbols.reserve(text.size() + 1);
  if (section_.space_prefix) {
    PEDIGREE_RETURN_IF_ERROR(CheckUtf8(text));
    if (!text.empty()) AppendSymbols(" ", symbols);
  }
  AppendSymbols(text, symbols);
  section_.merges.Apply(symbols);

  std::vector<uint32_t> ids;
  ids.reserve(symbols.size() + 2);
  if (section_.add_bos) ids.push_back(bos_);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
  if (section_.add_eos) ids.push_back(eos_);
  return ids;
}

std::string BpeTokenizer::DecodeBytes(absl::Span<const uint32_t> ids,
                                      uint32_t previous) const {
  std::string bytes;
  for (const uint32_t id : ids) {
    if (id < kByteCount) {
      bytes.push_back(static_cast<char>(id));
    } else if (id == unk_) {
      bytes.push_back('?');
    } else if (id >= kFirstPieceId && id < vocab_size_) {
      std::string_view piece = section_.pieces[id - kFirstPieceId];
      const bool strip = section_.space_prefix && previous == bos_ &&
                         !piece.empty() && piece.front() == ' ';
      bytes.append(piece.substr(strip ? 1 : 0));
    }
    previous = id;
  }
  return bytes;
}

}  // namespace pedigree
