// UTF-8 as Unicode 15 section 3.9 defines it: no surrogates, no overlong forms.

#ifndef PEDIGREE_RUNTIME_TOKENIZER_UTF8_H_
#define PEDIGREE_RUNTIME_TOKENIZER_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pedigree {

// What stands at one position of some bytes.
struct Utf8Sequence {
  enum class Kind {
    kCharacter,   // a whole character of `length` bytes
    kIncomplete,  // the bytes end inside a character that is right so far
    kInvalid,     // a maximal sequence of `length` bytes that starts none
  };
  Kind kind = Kind::kInvalid;
  size_t length = 1;
  uint32_t code_point = 0;  // for kCharacter
};

// The sequence at `position`, which must lie inside `bytes`.
Utf8Sequence ReadUtf8(std::string_view bytes, size_t position);

// Appends the UTF-8 form of `code_point`, which must be a Unicode scalar value.
void AppendUtf8(uint32_t code_point, std::string& out);

// The position of the first byte that no whole character covers.
std::optional<size_t> FindInvalidUtf8(std::string_view bytes);

// `bytes` as text: each maximal invalid or incomplete sequence becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes);

// The length of the longest prefix of `bytes` that a streaming reader may show
// now: all but an incomplete sequence at the end (at most 3 bytes).
size_t CompleteUtf8Prefix(std::string_view bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_UTF8_H_
