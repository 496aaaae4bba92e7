// Canonical writers of tokenizer sections.
// Specification: docs/formats/tokenizer.md.

#ifndef PEDIGREE_PACKAGER_TOKENIZER_WRITER_H_
#define PEDIGREE_PACKAGER_TOKENIZER_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/tokenizer/bpe_section.h"

namespace pedigree {

// A BTOK section: bytes 0..255, BOS 256, EOS 257, PAD 258, UNK 259.
std::string WriteBtok();

struct BpeToken {
  uint32_t id = 0;
  std::string bytes;
};

struct BpeMerge {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t output = 0;
  uint32_t rank = 0;
};

// A BPE1 version 1 section over bytes 0..255, specials 256..259 and `tokens`
// (ids 260 and up, ascending). Errors: kInvalidArgument for what
// Tokenizer::Parse would refuse.
absl::StatusOr<std::string> WriteBpe1(const std::vector<BpeToken>& tokens,
                                      const std::vector<BpeMerge>& merges);

struct BpeAddedToken {
  uint32_t id = 0;
  std::string text;
  bool strip_left = false;
  bool strip_right = false;
  bool normalized = false;
  bool special = false;
  bool piece = false;
};

// The fields of a BPE1 version 2 section, docs/formats/tokenizer.md. The
// defaults are those of a SentencePiece llama vocabulary.
struct Bpe1V2Content {
  uint32_t vocab_size = 0;
  bool add_bos = true;
  bool add_eos = false;
  bool byte_fallback = true;
  bool byte_symbols = false;
  bool whole_words = false;
  PreSplit pre_split = PreSplit::kNone;
  // Where it escapes spaces, pieces hold real ones.
  Normalizer normalizer = Normalizer::kSpacePrefix;
  std::vector<uint32_t> stop_ids;    // ascending
  std::vector<uint32_t> absent_ids;  // roles that the source lacks, ascending
  std::vector<BpeAddedToken> added_tokens;  // in any order
  std::vector<RoleCopy> role_copies;        // ascending by id
  std::vector<BpeToken> tokens;             // pieces, in any order
  std::vector<BpeMerge> merges;             // in any order
};

// A BPE1 version 2 section. Errors: kInvalidArgument for what Tokenizer::Parse
// would refuse.
absl::StatusOr<std::string> WriteBpe1V2(const Bpe1V2Content& content);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZER_WRITER_H_
