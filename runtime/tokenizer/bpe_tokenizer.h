// The `BPE1` tokenizers, versions 1 and 2.
// Specification: docs/formats/tokenizer.md "BPE1".

#ifndef PEDIGREE_RUNTIME_TOKENIZER_BPE_TOKENIZER_H_
#define PEDIGREE_RUNTIME_TOKENIZER_BPE_TOKENIZER_H_

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/added_tokens.h"
#include "runtime/tokenizer/bpe_section.h"
#include "runtime/tokenizer/character_table.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

class BpeTokenizer final : public Tokenizer {
 public:
  // As Tokenizer::Parse, for a section that starts with kBpeMagic.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> Parse(
      ByteSpan section, uint32_t vocab_size);

  std::string_view kind() const override;
  absl::StatusOr<std::vector<uint32_t>> Encode(
      std::string_view text) const override;
  std::string DecodeBytes(absl::Span<const uint32_t> ids,
                          uint32_t previous) const override;
  uint64_t allocated_bytes() const override;

 private:
  using Ids = std::vector<uint32_t>;

  BpeTokenizer(std::vector<uint8_t> bytes, BpeSection section);
  void IndexPieces();
  void IndexBytePairs();
  void IndexAddedTokens();

  bool EscapesSpaces() const;
  // Text between added tokens, which began the whole text if `at_start`.
  void AppendSegment(std::string_view segment, bool at_start, Ids& ids) const;
  // The same after normalising and without any added token.
  void AppendText(std::string_view text, Ids& ids) const;
  void AppendWord(std::string_view word, Ids& ids) const;
  std::string Normalize(std::string_view segment, bool at_start) const;

  // What merging starts from, for one character or, with byte symbols, byte.
  // Returns how many bytes of `text` it takes.
  size_t AppendSymbol(std::string_view text, size_t position, Ids& ids) const;
  // The lowest id whose piece is `word`, or kNoToken.
  uint32_t FindPiece(std::string_view word) const;
  std::string_view PieceOf(uint32_t id) const {
    return section_.pieces[id - kFirstPieceId];
  }

  std::vector<uint8_t> bytes_;  // what section_ borrows
  BpeSection section_;
  AddedTokenFinder added_tokens_;             // in the text as it is
  AddedTokenFinder normalized_added_tokens_;  // in the normalised text
  std::vector<bool> special_;                 // by id: decodes to nothing
  CharacterTable characters_;
  Ids sorted_pieces_;  // ids by piece, then id; for whole words
  size_t max_piece_bytes_ = 0;
  // Whether some merge's output has byte a before byte b, at index 256 a + b.
  // Nothing ever merges across a pair that none has.
  std::bitset<65536> byte_pairs_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_BPE_TOKENIZER_H_
