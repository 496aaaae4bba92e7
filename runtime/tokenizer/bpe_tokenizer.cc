#include "runtime/tokenizer/bpe_tokenizer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/memory/memory.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/pre_split.h"
#include "runtime/tokenizer/unicode.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

constexpr std::string_view kEscapedSpace = "\xe2\x96\x81";  // U+2581

absl::Status CheckUtf8(std::string_view text) {
  const std::optional<size_t> position = FindInvalidUtf8(text);
  if (!position.has_value()) return absl::OkStatus();
  const auto byte = static_cast<uint8_t>(text[*position]);
  return MakeError(ErrorCode::kInvalidUtf8, "Invalid text: byte 0x",
                   HexNumber{byte, 2}, " is not UTF-8, at byte ", *position);
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::vector<uint8_t> bytes, BpeSection section)
    : bytes_(std::move(bytes)), section_(std::move(section)) {
  vocab_size_ = section_.vocab_size;
  bos_ = kBosId;
  eos_ = kEosId;
  pad_ = kPadId;
  unk_ = kUnkId;
  add_eos_ = section_.add_eos;
  stop_ids_ = section_.stop_ids;
  excluded_.resize(vocab_size_);
  excluded_[kPadId] = true;
  excluded_[kUnkId] = true;
  for (const uint32_t id : section_.absent_ids) excluded_[id] = true;
  for (const RoleCopy& copy : section_.role_copies) excluded_[copy.id] = true;
  IndexAddedTokens();
  IndexPieces();
  IndexBytePairs();
}

void BpeTokenizer::IndexAddedTokens() {
  special_.resize(vocab_size_);
  for (const uint32_t id : {bos_, eos_, pad_}) special_[id] = true;
  std::vector<AddedToken> raw;
  std::vector<AddedToken> normalized;
  for (const AddedToken& token : section_.added_tokens) {
    (token.normalized ? normalized : raw).push_back(token);
    if (token.special && token.id != unk_) special_[token.id] = true;
  }
  added_tokens_ = AddedTokenFinder(std::move(raw));
  normalized_added_tokens_ = AddedTokenFinder(std::move(normalized));
}

// Added tokens are pieces only where they say so.
void BpeTokenizer::IndexPieces() {
  std::vector<bool> only_added(vocab_size_);
  for (const AddedToken& token : section_.added_tokens) {
    only_added[token.id] = !token.piece;
  }
  for (uint32_t id = kFirstPieceId; id < vocab_size_; ++id) {
    const std::string_view piece = PieceOf(id);
    if (piece.empty() || only_added[id]) continue;
    if (section_.whole_words) {
      sorted_pieces_.push_back(id);
      max_piece_bytes_ = std::max(max_piece_bytes_, piece.size());
    }
    const Utf8Sequence sequence = ReadUtf8(piece, 0);
    if (sequence.kind == Utf8Sequence::Kind::kCharacter &&
        sequence.length == piece.size()) {
      characters_.Add(sequence.code_point, id);
    }
  }
  Sort(sorted_pieces_.begin(), sorted_pieces_.end(),
       [this](uint32_t a, uint32_t b) {
         const int order = PieceOf(a).compare(PieceOf(b));
         return order != 0 ? order < 0 : a < b;
       });
}

void BpeTokenizer::IndexBytePairs() {
  for (const Merge& merge : section_.merges.merges()) {
    const ByteSpan piece = AsBytes(PieceOf(merge.output));
    for (size_t i = 1; i < piece.size(); ++i) {
      byte_pairs_.set(256 * piece[i - 1] + piece[i]);
    }
  }
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

uint32_t BpeTokenizer::FindPiece(std::string_view word) const {
  if (word.size() > max_piece_bytes_) return kNoToken;
  const auto found = std::lower_bound(
      sorted_pieces_.begin(), sorted_pieces_.end(), word,
      [this](uint32_t id, std::string_view key) { return PieceOf(id) < key; });
  if (found == sorted_pieces_.end() || PieceOf(*found) != word) {
    return kNoToken;
  }
  return *found;
}

// Added tokens, of which there are few, are left out.
uint64_t BpeTokenizer::allocated_bytes() const {
  return Tokenizer::allocated_bytes() + sizeof(*this) + bytes_.capacity() +
         section_.pieces.capacity() * sizeof(std::string_view) +
         section_.merges.allocated_bytes() + special_.capacity() / 8 +
         characters_.allocated_bytes() +
         sorted_pieces_.capacity() * sizeof(uint32_t);
}

bool BpeTokenizer::EscapesSpaces() const {
  return section_.normalizer == Normalizer::kSpacePrefix ||
         section_.normalizer == Normalizer::kSpacePrefixFirst ||
         section_.normalizer == Normalizer::kSpaceEscape;
}

// Pieces hold spaces as they are, so escaping means that U+2581, the escaped
// form, becomes a space as well.
std::string BpeTokenizer::Normalize(std::string_view segment,
                                    bool at_start) const {
  if (section_.normalizer == Normalizer::kNfc) return NormalizeNfc(segment);
  if (!EscapesSpaces()) return std::string(segment);
  std::string text;
  while (true) {
    const size_t escaped = segment.find(kEscapedSpace);
    text.append(segment.substr(0, escaped));
    if (escaped == std::string_view::npos) break;
    text.push_back(' ');
    segment.remove_prefix(escaped + kEscapedSpace.size());
  }
  const bool prefix = section_.normalizer == Normalizer::kSpacePrefix ||
                      (section_.normalizer == Normalizer::kSpacePrefixFirst &&
                       at_start && text.front() != ' ');
  if (prefix) text.insert(text.begin(), ' ');
  return text;
}

size_t BpeTokenizer::AppendSymbol(std::string_view text, size_t position,
                                  Ids& ids) const {
  if (section_.byte_symbols) {
    ids.push_back(static_cast<uint8_t>(text[position]));
    return 1;
  }
  const Utf8Sequence sequence = ReadUtf8(text, position);
  const uint32_t piece = sequence.kind == Utf8Sequence::Kind::kCharacter
                             ? characters_.Find(sequence.code_point)
                             : kNoToken;
  if (piece != kNoToken) {
    ids.push_back(piece);
  } else if (!section_.byte_fallback) {
    ids.push_back(unk_);
  } else {
    for (const uint8_t byte :
         AsBytes(text.substr(position, sequence.length))) {
      ids.push_back(byte);
    }
  }
  return sequence.length;
}

void BpeTokenizer::AppendWord(std::string_view word, Ids& ids) const {
  const size_t word_begin = ids.size();
  size_t begin = ids.size();
  const auto merge = [&] {
    const size_t count =
        section_.merges.Apply(absl::MakeSpan(ids).subspan(begin));
    ids.resize(begin + count);
    begin = ids.size();
  };
  for (size_t i = 0; i < word.size();) {
    if (i > 0) {
      const uint32_t before = static_cast<uint8_t>(word[i - 1]);
      if (!byte_pairs_[256 * before + static_cast<uint8_t>(word[i])]) merge();
    }
    i += AppendSymbol(word, i, ids);
  }
  merge();
  if (!section_.whole_words || ids.size() == word_begin + 1) return;
  const uint32_t whole = FindPiece(word);
  if (whole == kNoToken) return;
  ids.resize(word_begin);
  ids.push_back(whole);
}

void BpeTokenizer::AppendText(std::string_view text, Ids& ids) const {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = FindWordEnd(section_.pre_split, text, begin);
    AppendWord(text.substr(begin, end - begin), ids);
    begin = end;
  }
}

void BpeTokenizer::AppendSegment(std::string_view segment, bool at_start,
                                 Ids& ids) const {
  std::string normalized;
  if (section_.normalizer != Normalizer::kNone) {
    normalized = Normalize(segment, at_start);
    segment = normalized;
  }
  for (const TextPart& part : normalized_added_tokens_.Split(segment)) {
    if (part.id != TextPart::kText) {
      ids.push_back(part.id);
    } else {
      AppendText(segment.substr(part.begin, part.end - part.begin), ids);
    }
  }
}

absl::StatusOr<std::vector<uint32_t>> BpeTokenizer::Encode(
    std::string_view text) const {
  if (section_.normalizer != Normalizer::kNone) {
    PEDIGREE_RETURN_IF_ERROR(CheckUtf8(text));
  }
  Ids ids;
  ids.reserve(text.size() / 2 + 2);
  if (section_.add_bos) ids.push_back(bos_);
  for (const TextPart& part : added_tokens_.Split(text)) {
    if (part.id != TextPart::kText) {
      ids.push_back(part.id);
    } else {
      AppendSegment(text.substr(part.begin, part.end - part.begin),
                    part.begin == 0, ids);
    }
  }
  if (section_.add_eos) ids.push_back(eos_);
  return ids;
}

// The space that a prefix put before the text is taken off again: that of the
// first piece behind BOS, whatever gives no bytes between them.
std::string BpeTokenizer::DecodeBytes(absl::Span<const uint32_t> ids,
                                      uint32_t previous) const {
  const bool has_prefix = section_.normalizer == Normalizer::kSpacePrefix ||
                          section_.normalizer == Normalizer::kSpacePrefixFirst;
  bool at_start = has_prefix && previous == bos_;
  std::string bytes;
  for (const uint32_t id : ids) {
    if (id >= vocab_size_) continue;
    if (special_[id]) {
      at_start = at_start || (has_prefix && id == bos_);
      continue;
    }
    if (id < kByteCount) {
      bytes.push_back(static_cast<char>(id));
    } else if (id == unk_) {
      bytes.push_back('?');
    } else {
      const std::string_view piece = PieceOf(id);
      const bool strip = at_start && !piece.empty() && piece.front() == ' ';
      bytes.append(piece.substr(strip ? 1 : 0));
    }
    at_start = false;
  }
  return bytes;
}

}  // namespace pedigree
