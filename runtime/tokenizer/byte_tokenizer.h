// The `BTOK` tokenizer: every byte is a token.
// Specification: docs/formats/tokenizer.md "BTOK".

#ifndef PEDIGREE_RUNTIME_TOKENIZER_BYTE_TOKENIZER_H_
#define PEDIGREE_RUNTIME_TOKENIZER_BYTE_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

inline constexpr std::string_view kByteTokenizerMagic = "BTOK";

// Encodes as BOS, the bytes, EOS.
class ByteTokenizer final : public Tokenizer {
 public:
  // As Tokenizer::Parse, for a section that starts with kByteTokenizerMagic.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> Parse(
      ByteSpan section, uint32_t vocab_size);

  std::string_view kind() const override { return "btok"; }
  absl::StatusOr<std::vector<uint32_t>> Encode(
      std::string_view text) const override;
  std::string DecodeBytes(absl::Span<const uint32_t> ids,
                          uint32_t previous) const override;

 private:
  ByteTokenizer();
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_BYTE_TOKENIZER_H_
