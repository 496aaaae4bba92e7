// What tokenizers need of Unicode: classes of characters and Normalization
// Form C. Each property is that of the Unicode version which the original
// tokenizers use (docs/formats/tokenizer.md "Unicode").

#ifndef PEDIGREE_RUNTIME_TOKENIZER_UNICODE_H_
#define PEDIGREE_RUNTIME_TOKENIZER_UNICODE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace pedigree {

// Bits of a character's class. A letter, a number and white space exclude each
// other.
inline constexpr uint32_t kLetter = 1;      // category L, Unicode 16
inline constexpr uint32_t kNumber = 2;      // category N, Unicode 16
inline constexpr uint32_t kWhiteSpace = 4;  // White_Space
inline constexpr uint32_t kNumeric = 8;     // category N, Unicode 17

// 0 for what is none of these, such as punctuation.
uint32_t CharClassOf(uint32_t code_point);

// Canonical_Combining_Class of Unicode 9; 0 for starters.
uint32_t CombiningClassOf(uint32_t code_point);

// Normalization Form C of Unicode 9. `text` must be UTF-8. n characters take
// O(n log n) steps, whatever they are.
// Source: Unicode Standard Annex #15.
std::string NormalizeNfc(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_UNICODE_H_
