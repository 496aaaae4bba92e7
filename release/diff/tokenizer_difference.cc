#include "release/diff/tokenizer_difference.h"

#include <algorithm>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "release/diff/bytes_difference.h"
#include "release/printable.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/json.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

Json FactsToJson(const Tokenizer& tokenizer) {
  return {{"bos", tokenizer.bos()},
          {"eos", tokenizer.eos()},
          {"kind", tokenizer.kind()},
          {"pad", tokenizer.pad()},
          {"stop_ids", std::vector<uint32_t>(tokenizer.stop_ids().begin(),
                                             tokenizer.stop_ids().end())},
          {"unk", tokenizer.unk()},
          {"vocab_size", tokenizer.vocab_size()}};
}

void ComparePieces(const Tokenizer& a, const Tokenizer& b,
                   TokenizerDifference& difference) {
  const uint32_t ids = std::min(a.vocab_size(), b.vocab_size());
  for (uint32_t id = 0; id < ids; ++id) {
    const std::string piece_a = a.DecodeBytes({id});
    const std::string piece_b = b.DecodeBytes({id});
    if (piece_a == piece_b || difference.differing_ids++ > 0) continue;
    difference.first_id = id;
    difference.piece_a = absl::CHexEscape(piece_a);
    difference.piece_b = absl::CHexEscape(piece_b);
  }
}

}  // namespace

std::optional<TokenizerDifference> CompareTokenizers(
    const TokenizerSection& a, const TokenizerSection& b) {
  const std::optional<uint64_t> first_offset =
      CompareBytes(BorrowedBytes(a.bytes), BorrowedBytes(b.bytes)).first_offset;
  if (!first_offset.has_value()) return std::nullopt;
  TokenizerDifference difference;
  difference.first_offset = *first_offset;
  const auto tokenizer_a = Tokenizer::Parse(a.bytes, a.vocab_size);
  const auto tokenizer_b = Tokenizer::Parse(b.bytes, b.vocab_size);
  for (const auto* tokenizer : {&tokenizer_a, &tokenizer_b}) {
    if (tokenizer->ok()) continue;
    difference.unread = Printable(tokenizer->status().message());
    return difference;
  }
  difference.fields =
      ListDifferences(FactsToJson(**tokenizer_a), FactsToJson(**tokenizer_b))
          .changes;
  ComparePieces(**tokenizer_a, **tokenizer_b, difference);
  return difference;
}

}  // namespace pedigree
