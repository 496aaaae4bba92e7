// The `BPE1` tokenizers, versions 1 and 2.
// Specification: docs/formats/tokenizer.md "BPE1".

#ifndef PEDIGREE_RUNTIME_TOKENIZER_BPE_TOKENIZER_H_
#define PEDIGREE_RUNTIME_TOKENIZER_BPE_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/bpe_section.h"
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

 private:
  BpeTokenizer(std::vector<uint8_t> bytes, BpeSection section);

  // What merging starts from. Version 1: the bytes. Version 2: each character
  // that is a piece, else its bytes, or UNK without byte fallback.
  void AppendSymbols(std::string_view text, std::vector<uint32_t>& ids) const;
  // The lowest id whose piece is this one character, or kNoToken.
  uint32_t FindCharacter(uint32_t code_point) const;

  std::vector<uint8_t> bytes_;  // what section_ borrows
  BpeSection section_;
  // (code point, id) of the pieces of one character, ascending.
  std::vector<std::pair<uint32_t, uint32_t>> characters_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_BPE_TOKENIZER_H_
