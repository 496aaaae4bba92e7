#include "packager/tokenizers/byte_level.h"

#include <array>
#include <cstdint>

#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

constexpr uint32_t kFirstMoved = 0x100;
constexpr uint32_t kMovedCount = 68;

bool IsPrintable(uint32_t byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
}

// The bytes of the characters from kFirstMoved on.
std::array<char, kMovedCount> MovedBytes() {
  std::array<char, kMovedCount> bytes;
  size_t count = 0;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (!IsPrintable(byte)) bytes[count++] = static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace

std::optional<std::string> BytesOfByteLevel(std::string_view token) {
  static const std::array<char, kMovedCount> moved = MovedBytes();
  std::string bytes;
  for (size_t i = 0; i < token.size();) {
    const Utf8Sequence sequence = ReadUtf8(token, i);
    const uint32_t c = sequence.code_point;
    if (c < 256 && IsPrintable(c)) {
      bytes.push_back(static_cast<char>(c));
    } else if (c - kFirstMoved < kMovedCount) {
      bytes.push_back(moved[c - kFirstMoved]);
    } else {
      return std::nullopt;
    }
    i += sequence.length;
  }
  return bytes;
}

}  // namespace pedigree
