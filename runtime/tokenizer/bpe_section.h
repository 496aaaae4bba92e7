// Reading `BPE1` tokenizer sections, versions 1 and 2.
// Specification: docs/formats/tokenizer.md.

#ifndef PEDIGREE_RUNTIME_TOKENIZER_BPE_SECTION_H_
#define PEDIGREE_RUNTIME_TOKENIZER_BPE_SECTION_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/added_tokens.h"
#include "runtime/tokenizer/merge_table.h"
#include "runtime/tokenizer/pre_split.h"

namespace pedigree {

// The ids that every tokenizer section has: bytes 0..255, then these.
inline constexpr uint32_t kByteCount = 256;
inline constexpr uint32_t kBosId = 256;
inline constexpr uint32_t kEosId = 257;
inline constexpr uint32_t kPadId = 258;
inline constexpr uint32_t kUnkId = 259;
inline constexpr uint32_t kFirstPieceId = 260;

inline constexpr std::string_view kBpeMagic = "BPE1";

// Bits of the version 2 field `flags`.
inline constexpr uint32_t kBpeAddBos = 1;
inline constexpr uint32_t kBpeAddEos = 2;
inline constexpr uint32_t kBpeByteFallback = 4;
inline constexpr uint32_t kBpeByteSymbols = 8;
inline constexpr uint32_t kBpeWholeWords = 16;

// Bits of the field `flags` of an added token.
inline constexpr uint32_t kAddedStripLeft = 1;
inline constexpr uint32_t kAddedStripRight = 2;
inline constexpr uint32_t kAddedNormalized = 4;
inline constexpr uint32_t kAddedSpecial = 8;
inline constexpr uint32_t kAddedPiece = 16;

// The longest text of an added token.
inline constexpr uint32_t kMaxAddedTokenBytes = 256;

// Values of the version 2 field `normalizer`.
enum class Normalizer : uint32_t {
  kNone = 0,
  kNfc = 1,
  kSpacePrefix = 2,
  kSpacePrefixFirst = 3,
  kSpaceEscape = 4,
};

// `id`, one of kBosId to kUnkId, is a copy of `original`.
struct RoleCopy {
  uint32_t id = 0;
  uint32_t original = 0;
};

// A checked section. `pieces` and the texts of added tokens borrow the
// section's bytes.
struct BpeSection {
  uint32_t version = 0;
  uint32_t vocab_size = 0;
  bool add_bos = true;
  bool add_eos = true;
  bool byte_fallback = true;
  bool byte_symbols = true;
  bool whole_words = false;
  PreSplit pre_split = PreSplit::kNone;
  Normalizer normalizer = Normalizer::kNone;
  std::vector<uint32_t> stop_ids;
  std::vector<uint32_t> absent_ids;
  std::vector<AddedToken> added_tokens;  // ascending by id
  std::vector<RoleCopy> role_copies;     // ascending by id
  // Piece of id kFirstPieceId + index; empty for an absent id.
  std::vector<std::string_view> pieces;
  MergeTable merges{{}};
};

// Checks every rule of the specification. `vocab_size` is the model header's.
//
// Errors: code InvalidTokenizer, naming the record, the byte and both values;
// kUnimplemented with that code for a kind this build does not read.
absl::StatusOr<BpeSection> ParseBpeSection(ByteSpan section,
                                           uint32_t vocab_size);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_BPE_SECTION_H_
