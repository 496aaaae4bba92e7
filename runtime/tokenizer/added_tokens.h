// Tokens that are found in a text as whole strings, before anything else.
// Specification: docs/formats/tokenizer.md "Added tokens".

#ifndef PEDIGREE_RUNTIME_TOKENIZER_ADDED_TOKENS_H_
#define PEDIGREE_RUNTIME_TOKENIZER_ADDED_TOKENS_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pedigree {

struct AddedToken {
  uint32_t id = 0;
  std::string_view text;     // not empty
  bool strip_left = false;   // white space before it belongs to it
  bool strip_right = false;  // white space behind it belongs to it
  bool normalized = false;   // is looked for after normalising
  bool special = false;      // decodes to nothing
  bool piece = false;        // is a piece of the merge vocabulary as well
};

// A part of a text: one added token, or text between them.
struct TextPart {
  static constexpr uint32_t kText = 0xffffffff;
  uint32_t id = kText;
  size_t begin = 0;
  size_t end = 0;
};

// Finds added tokens: the leftmost first, of those that begin at the same place
// the longest. Immutable; borrows the texts.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  // No two of `tokens` may have the same text.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  // Added tokens and the text around them, in order; no part is empty. n bytes
  // take O(n k) steps where k is the length of the longest added token.
  std::vector<TextPart> Split(std::string_view text) const;

 private:
  // The longest token that begins at `position`, or null.
  const AddedToken* FindAt(std::string_view text, size_t position) const;

  std::vector<AddedToken> tokens_;  // ascending by text
  std::bitset<256> first_bytes_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_ADDED_TOKENS_H_
