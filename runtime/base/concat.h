// Texts and numbers put together.

#ifndef PEDIGREE_RUNTIME_BASE_CONCAT_H_
#define PEDIGREE_RUNTIME_BASE_CONCAT_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace pedigree {

// An unsigned number in lower case base 16, filled up with zeros to `digits`.
struct HexNumber {
  uint64_t value;
  int digits = 1;
};

// A piece of a text. Borrows. Two words, since each is written wherever a text
// is put together.
class MessagePart {
 public:
  MessagePart(std::string_view text)
      : value_(reinterpret_cast<uintptr_t>(text.data())), size_(text.size()) {}
  MessagePart(const char* text) : MessagePart(std::string_view(text)) {}
  MessagePart(const std::string& text) : MessagePart(std::string_view(text)) {}
  MessagePart(HexNumber hex)
      : value_(hex.value), size_(kHex + static_cast<size_t>(hex.digits)) {}
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T> &&
                                                    !std::is_same_v<T, bool> &&
                                                    !std::is_same_v<T, char>>>
  MessagePart(T number)
      : value_(static_cast<uint64_t>(number)),
        size_(std::is_signed_v<T> ? kSigned : kUnsigned) {}

  void AppendTo(std::string& text) const;

 private:
  // No text is so long.
  static constexpr size_t kUnsigned = ~size_t{0} - 31;
  static constexpr size_t kSigned = kUnsigned + 1;
  // And the least digits behind it.
  static constexpr size_t kHex = kSigned + 1;

  // The number, or where the text is.
  uint64_t value_;
  size_t size_;
};

void Append(std::string& text, std::initializer_list<MessagePart> parts);
std::string Concat(std::initializer_list<MessagePart> parts);

// Does what absl::StrCat does for these few kinds of parts. Messages of errors
// are most of what the runtime puts together, and each takes a third of the
// code this way, which counts in WebAssembly (docs/notes/module_size.md).
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  return Concat({MessagePart(parts)...});
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_CONCAT_H_
