// What differs between the tokenizer sections of two `.slm` files.

#ifndef PEDIGREE_RELEASE_DIFF_TOKENIZER_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_TOKENIZER_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "release/json_difference.h"
#include "runtime/base/bytes.h"

namespace pedigree {

struct TokenizerSection {
  ByteSpan bytes;
  uint32_t vocab_size = 0;
};

struct TokenizerDifference {
  // Byte of the section.
  uint64_t first_offset = 0;
  // Kind, vocabulary size and roles of ids.
  std::vector<JsonDifference> fields;
  // Ids, of those that both have, that stand for other bytes, and the first of
  // them with its bytes, escaped as in C.
  uint64_t differing_ids = 0;
  uint32_t first_id = 0;
  std::string piece_a;
  std::string piece_b;
  // Why the ids could not be compared; empty when they were.
  std::string unread;
};

// Nothing when the sections are equal.
std::optional<TokenizerDifference> CompareTokenizers(const TokenizerSection& a,
                                                     const TokenizerSection& b);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_TOKENIZER_DIFFERENCE_H_
