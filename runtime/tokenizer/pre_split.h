// Splitting text into words before merging, as real tokenizers do with regular
// expressions. Each matcher is written out by hand, since the expressions use
// Unicode classes and look ahead.
// Specification: docs/formats/tokenizer.md "Pre-split".

#ifndef PEDIGREE_RUNTIME_TOKENIZER_PRE_SPLIT_H_
#define PEDIGREE_RUNTIME_TOKENIZER_PRE_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pedigree {

// Values of the section's field `pre_split`.
enum class PreSplit : uint32_t {
  kNone = 0,
  kGpt2 = 1,
  kLlama3 = 2,
  kQwen2 = 3,
  kDigits = 4,
};

// The end of the word that begins at `position`, which must be the start of
// `text` or the end of another word, and not its end. Takes any bytes: a
// sequence that is not UTF-8 is a character of no class.
//
// All words of a text together take time linear in its length.
size_t FindWordEnd(PreSplit kind, std::string_view text, size_t position);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_PRE_SPLIT_H_
