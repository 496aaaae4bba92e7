#include "runtime/tokenizer/tokenizer.h"

#include "absl/strings/escaping.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/bpe_tokenizer.h"
#include "runtime/tokenizer/byte_tokenizer.h"

namespace pedigree {

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::Parse(
    ByteSpan section, uint32_t vocab_size) {
  const std::string_view magic = AsText(section).substr(0, 4);
  if (magic == kByteTokenizerMagic) {
    return ByteTokenizer::Parse(section, vocab_size);
  }
  if (magic == kBpeMagic) return BpeTokenizer::Parse(section, vocab_size);
  return MakeError(
      ErrorCode::kInvalidTokenizer, "Invalid tokenizer section: magic is \"",
      absl::CHexEscape(magic), "\" (expected \"", kByteTokenizerMagic,
      "\" or \"", kBpeMagic, "\"), at byte 0");
}

absl::StatusOr<std::vector<uint32_t>> Tokenizer::EncodePrompt(
    std::string_view text) const {
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<uint32_t> ids, Encode(text));
  if (add_eos_ && !ids.empty() && ids.back() == eos_) ids.pop_back();
  return ids;
}

}  // namespace pedigree
