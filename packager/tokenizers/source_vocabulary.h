// A vocabulary in its source's numbers, and its way into a BPE1 section.

#ifndef PEDIGREE_PACKAGER_TOKENIZERS_SOURCE_VOCABULARY_H_
#define PEDIGREE_PACKAGER_TOKENIZERS_SOURCE_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "packager/tokenizer_writer.h"
#include "packager/tokenizers/tokenizer_import.h"

namespace pedigree {

struct SourceToken {
  enum class Kind {
    kNone,   // no token has this id
    kByte,   // `bytes` is the one byte that it stands for
    kPiece,  // of the merge vocabulary
    kAdded,  // only found as a whole string, or in no text at all
  };
  Kind kind = Kind::kNone;
  std::string bytes;
};

struct SourceMerge {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t output = 0;
  uint32_t rank = 0;
};

// More ids than any vocabulary has; keeps what a bad id costs in bounds.
inline constexpr int64_t kMaxTokenIds = int64_t{1} << 21;

// Ids are the source's everywhere.
struct SourceVocabulary {
  int64_t row_count = 0;            // of the embedding matrix
  std::vector<SourceToken> tokens;  // by id, up to the last that has a token
  std::vector<BpeAddedToken> added_tokens;
  std::vector<SourceMerge> merges;
  // Scores of the tokens of kind kPiece, by id, instead of merges; or empty.
  std::vector<float> scores;
  SourceTokenIds ids;
  // Flags, pre-split and normaliser; the lists are made here.
  Bpe1V2Content settings;
};

// Renumbers: bytes 0 to 255, BOS, EOS, PAD and UNK from 256, all other tokens
// behind them in the source's order. EOS is the first of ids.eos; all of them
// are stop ids.
//
// A role without a token is absent. A token that has two roles, that merges
// use, or (as PAD or UNK, which take no part in sampling) that is a stop id
// keeps one place, and its other roles are copies.
//
// Errors: kInvalidArgument for ids out of range and what the section's rules
// refuse; kUnimplemented for byte fallback without all bytes.
absl::StatusOr<ImportedTokenizer> MakeImportedTokenizer(
    SourceVocabulary vocabulary);

// Sets the token of `id`. Errors: kInvalidArgument when there is no such row or
// `id` has a token already; `name` is the token as its file has it.
absl::Status PutToken(int64_t id, std::string_view name, SourceToken token,
                      SourceVocabulary& vocabulary);

// The token of a piece in which U+2581 stands for a space, or of a byte as
// "<0x00>" to "<0xFF>".
SourceToken EscapedToken(std::string_view text);

// `text` with each U+2581 as the space it stands for.
std::string UnescapeSpaces(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZERS_SOURCE_VOCABULARY_H_
