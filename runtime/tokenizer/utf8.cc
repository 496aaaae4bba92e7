#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

using Kind = Utf8Sequence::Kind;

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// What a first byte promises: the length, its own bits of the code point and
// the range of the second byte, which is where overlong forms, surrogates and
// values past U+10FFFF show.
struct Lead {
  size_t length;
  uint32_t bits;
  uint8_t min_second;
  uint8_t max_second;
};

std::optional<Lead> ReadLead(uint8_t byte) {
  if (byte < 0x80) return Lead{1, byte, 0, 0};
  if (byte < 0xc2 || byte > 0xf4) return std::nullopt;
  if (byte < 0xe0) return Lead{2, byte & 0x1fu, 0x80, 0xbf};
  if (byte == 0xe0) return Lead{3, 0x00, 0xa0, 0xbf};
  if (byte == 0xed) return Lead{3, 0x0d, 0x80, 0x9f};
  if (byte < 0xf0) return Lead{3, byte & 0x0fu, 0x80, 0xbf};
  if (byte == 0xf0) return Lead{4, 0x00, 0x90, 0xbf};
  if (byte == 0xf4) return Lead{4, 0x04, 0x80, 0x8f};
  return Lead{4, byte & 0x07u, 0x80, 0xbf};
}

}  // namespace

Utf8Sequence ReadUtf8(std::string_view bytes, size_t position) {
  const std::optional<Lead> lead = ReadLead(bytes[position]);
  if (!lead.has_value()) return {Kind::kInvalid, 1, 0};
  uint32_t code_point = lead->bits;
  for (size_t i = 1; i < lead->length; ++i) {
    if (position + i == bytes.size()) return {Kind::kIncomplete, i, 0};
    const uint8_t byte = bytes[position + i];
    const uint8_t min = i == 1 ? lead->min_second : 0x80;
    const uint8_t max = i == 1 ? lead->max_second : 0xbf;
    if (byte < min || byte > max) return {Kind::kInvalid, i, 0};
    code_point = code_point << 6 | (byte & 0x3f);
  }
  return {Kind::kCharacter, lead->length, code_point};
}

void AppendUtf8(uint32_t code_point, std::string& out) {
  const auto append = [&out](uint32_t byte) {
    out.push_back(static_cast<char>(byte));
  };
  const auto append_tail = [&](int shift) {
    append(0x80 | (code_point >> shift & 0x3f));
  };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xc0 | code_point >> 6);
    append_tail(0);
  } else if (code_point < 0x10000) {
    append(0xe0 | code_point >> 12);
    append_tail(6);
    append_tail(0);
  } else {
    append(0xf0 | code_point >> 18);
    append_tail(12);
    append_tail(6);
    append_tail(0);
  }
}

std::optional<size_t> FindInvalidUtf8(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Sequence sequence = ReadUtf8(bytes, i);
    if (sequence.kind != Kind::kCharacter) return i;
    i += sequence.length;
  }
  return std::nullopt;
}

std::string ReplaceInvalidUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Sequence sequence = ReadUtf8(bytes, i);
    text.append(sequence.kind == Kind::kCharacter
                    ? bytes.substr(i, sequence.length)
                    : kReplacement);
    i += sequence.length;
  }
  return text;
}

size_t CompleteUtf8Prefix(std::string_view bytes) {
  for (size_t tail = 1; tail <= 3 && tail <= bytes.size(); ++tail) {
    const size_t position = bytes.size() - tail;
    const Utf8Sequence sequence = ReadUtf8(bytes, position);
    if (sequence.kind == Kind::kIncomplete) return position;
    if (sequence.kind == Kind::kCharacter) break;
  }
  return bytes.size();
}

}  // namespace pedigree
