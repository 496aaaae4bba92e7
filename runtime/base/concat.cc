#include "runtime/base/concat.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace pedigree {

void MessagePart::AppendTo(std::string& text) const {
  if (size_ < kUnsigned) {
    text.append(reinterpret_cast<const char*>(static_cast<uintptr_t>(value_)),
                size_);
    return;
  }
  char digits[20];  // of 2^64 - 1
  uint64_t rest = value_;
  if (size_ == kSigned && static_cast<int64_t>(rest) < 0) {
    text += '-';
    rest = 0 - rest;
  }
  const unsigned base = size_ > kHex ? 16 : 10;
  char* const end = digits + sizeof(digits);
  char* begin = end;
  do {
    *--begin = "0123456789abcdef"[rest % base];
    rest /= base;
  } while (rest != 0);
  const size_t count = static_cast<size_t>(end - begin);
  if (size_ > kHex + count) text.append(size_ - kHex - count, '0');
  text.append(begin, count);
}

void Append(std::string& text, std::initializer_list<MessagePart> parts) {
  for (const MessagePart& part : parts) part.AppendTo(text);
}

std::string Concat(std::initializer_list<MessagePart> parts) {
  std::string text;
  Append(text, parts);
  return text;
}

}  // namespace pedigree
