#include "runtime/tokenizer/pre_split.h"

#include "runtime/tokenizer/unicode.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

constexpr uint32_t kLongS = 0x17f;  // folds to "s"

// One character; of length 0 at the end of the text.
struct Character {
  size_t length = 0;
  uint32_t code_point = 0;
  uint32_t char_class = 0;

  bool exists() const { return length != 0; }
  bool is(uint32_t bits) const { return (char_class & bits) != 0; }
  // What [^\s\p{L}\p{N}] matches.
  bool is_other() const {
    return exists() && !is(kLetter | kNumber | kWhiteSpace);
  }
  bool is_newline() const {
    return code_point == '\n' || code_point == '\r';
  }
};

// White space from one position on.
struct Spaces {
  size_t end = 0;
  size_t last = 0;             // where the last character of it begins
  size_t after_newline = 0;    // behind its last newline; 0 without one
};

class Matcher {
 public:
  // With `stop_at_numeric` the text ends before the next numeric character.
  Matcher(std::string_view text, bool stop_at_numeric)
      : text_(text), stop_at_numeric_(stop_at_numeric) {}

  // '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  size_t Gpt2(size_t position) const;

  // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,max_digits}|
  //  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  size_t Llama3(size_t position, int max_digits) const;

 private:
  Character At(size_t position) const;
  // The end of the contraction at `position`, or 0.
  size_t Contraction(size_t position, bool ignore_case) const;
  // The code point at `position`, in lower case if it may be in a contraction
  // and `ignore_case` asks for it.
  uint32_t Letter(size_t position, bool ignore_case) const;

  size_t SkipClass(size_t position, uint32_t bits) const;
  size_t SkipOther(size_t position) const;
  Spaces SkipSpaces(size_t position) const;
  // \s+(?!\S)|\s+
  size_t SpacesBeforeWord(const Spaces& spaces, size_t position) const;

  std::string_view text_;
  bool stop_at_numeric_;
};

Character Matcher::At(size_t position) const {
  if (position >= text_.size()) return {};
  const auto byte = static_cast<uint8_t>(text_[position]);
  Character character;
  if (byte < 0x80) {
    character = {1, byte, CharClassOf(byte)};
  } else {
    const Utf8Sequence sequence = ReadUtf8(text_, position);
    character = {sequence.length, sequence.code_point, 0};
    if (sequence.kind == Utf8Sequence::Kind::kCharacter) {
      character.char_class = CharClassOf(sequence.code_point);
    }
  }
  if (stop_at_numeric_ && character.is(kNumeric)) return {};
  return character;
}

uint32_t Matcher::Letter(size_t position, bool ignore_case) const {
  const uint32_t code_point = At(position).code_point;
  if (!ignore_case) return code_point;
  if (code_point >= 'A' && code_point <= 'Z') return code_point | 0x20;
  return code_point == kLongS ? 's' : code_point;
}

size_t Matcher::Contraction(size_t position, bool ignore_case) const {
  if (text_[position] != '\'') return 0;
  const size_t second = position + 1;
  switch (Letter(second, ignore_case)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return second + At(second).length;
    case 'l':
      return Letter(second + 1, ignore_case) == 'l' ? second + 2 : 0;
    case 'r':
    case 'v':
      return Letter(second + 1, ignore_case) == 'e' ? second + 2 : 0;
    default:
      return 0;
  }
}

size_t Matcher::SkipClass(size_t position, uint32_t bits) const {
  for (Character c = At(position); c.is(bits); c = At(position)) {
    position += c.length;
  }
  return position;
}

size_t Matcher::SkipOther(size_t position) const {
  for (Character c = At(position); c.is_other(); c = At(position)) {
    position += c.length;
  }
  return position;
}

Spaces Matcher::SkipSpaces(size_t position) const {
  Spaces spaces;
  spaces.last = position;
  for (Character c = At(position); c.is(kWhiteSpace); c = At(position)) {
    spaces.last = position;
    position += c.length;
    if (c.is_newline()) spaces.after_newline = position;
  }
  spaces.end = position;
  return spaces;
}

size_t Matcher::SpacesBeforeWord(const Spaces& spaces, size_t position) const {
  const bool word_follows = At(spaces.end).exists();
  return word_follows && spaces.last > position ? spaces.last : spaces.end;
}

size_t Matcher::Gpt2(size_t position) const {
  if (const size_t end = Contraction(position, false); end != 0) return end;
  const size_t body = position + (text_[position] == ' ' ? 1 : 0);
  const Character first = At(body);
  if (first.is(kLetter)) return SkipClass(body, kLetter);
  if (first.is(kNumber)) return SkipClass(body, kNumber);
  if (first.is_other()) return SkipOther(body);
  return SpacesBeforeWord(SkipSpaces(position), position);
}

size_t Matcher::Llama3(size_t position, int max_digits) const {
  if (const size_t end = Contraction(position, true); end != 0) return end;
  const Character first = At(position);
  const bool may_lead = !first.is(kLetter | kNumber) && !first.is_newline();
  const size_t letters = position + (may_lead ? first.length : 0);
  if (At(letters).is(kLetter)) return SkipClass(letters, kLetter);
  if (first.is(kNumber)) {
    size_t end = position;
    for (int i = 0; i < max_digits && At(end).is(kNumber); ++i) {
      end += At(end).length;
    }
    return end;
  }
  const size_t body = position + (first.code_point == ' ' ? 1 : 0);
  if (At(body).is_other()) {
    size_t end = SkipOther(body);
    while (At(end).is_newline()) ++end;
    return end;
  }
  const Spaces spaces = SkipSpaces(position);
  if (spaces.after_newline != 0) return spaces.after_newline;
  return SpacesBeforeWord(spaces, position);
}

size_t DigitsWordEnd(std::string_view text, size_t position) {
  const Utf8Sequence sequence = ReadUtf8(text, position);
  if (sequence.kind == Utf8Sequence::Kind::kCharacter &&
      (CharClassOf(sequence.code_point) & kNumeric) != 0) {
    return position + sequence.length;
  }
  return Matcher(text, true).Gpt2(position);
}

}  // namespace

size_t FindWordEnd(PreSplit kind, std::string_view text, size_t position) {
  switch (kind) {
    case PreSplit::kNone:
      break;
    case PreSplit::kGpt2:
      return Matcher(text, false).Gpt2(position);
    case PreSplit::kLlama3:
      return Matcher(text, false).Llama3(position, 3);
    case PreSplit::kQwen2:
      return Matcher(text, false).Llama3(position, 1);
    case PreSplit::kDigits:
      return DigitsWordEnd(text, position);
  }
  return text.size();
}

}  // namespace pedigree
