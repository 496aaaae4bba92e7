#include "packager/tokenizer_writer.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/byte_tokenizer.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

void AppendFields(std::initializer_list<uint32_t> fields, std::string& out) {
  for (const uint32_t field : fields) AppendLittleEndian(field, out);
}

// Token records by id, then merge records by rank, left and right: the one
// order that the format has.
void AppendRecords(std::vector<BpeToken> tokens, std::vector<BpeMerge> merges,
                   std::string& out) {
  std::stable_sort(
      tokens.begin(), tokens.end(),
      [](const BpeToken& a, const BpeToken& b) { return a.id < b.id; });
  const auto order = [](const BpeMerge& merge) {
    return std::tuple(merge.rank, merge.left, merge.right);
  };
  std::stable_sort(merges.begin(), merges.end(),
                   [&](const BpeMerge& a, const BpeMerge& b) {
                     return order(a) < order(b);
                   });
  for (const BpeToken& token : tokens) {
    AppendFields({token.id, static_cast<uint32_t>(token.bytes.size())}, out);
    out.append(token.bytes);
  }
  for (const BpeMerge& merge : merges) {
    AppendFields({merge.left, merge.right, merge.output, merge.rank}, out);
  }
}

void AppendAddedTokens(std::vector<BpeAddedToken> tokens, std::string& out) {
  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const BpeAddedToken& a, const BpeAddedToken& b) {
                     return a.id < b.id;
                   });
  for (const BpeAddedToken& token : tokens) {
    const uint32_t flags = (token.strip_left ? kAddedStripLeft : 0) |
                           (token.strip_right ? kAddedStripRight : 0) |
                           (token.normalized ? kAddedNormalized : 0) |
                           (token.special ? kAddedSpecial : 0) |
                           (token.piece ? kAddedPiece : 0);
    AppendFields(
        {token.id, flags, static_cast<uint32_t>(token.text.size())}, out);
    out.append(token.text);
  }
}

// Counts and lengths that a u32 field cannot hold would be written wrong.
absl::Status CheckCounts(const std::vector<BpeToken>& tokens,
                         const std::vector<BpeMerge>& merges) {
  constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
  if (tokens.size() > kMax - kFirstPieceId || merges.size() > kMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid tokenizer: ", tokens.size(), " tokens and ",
                     merges.size(), " merges (must fit in 32 bits)"));
  }
  for (const BpeToken& token : tokens) {
    if (token.bytes.size() <= kMax) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid tokenizer: token ", token.id, " has ",
                     token.bytes.size(), " bytes (must fit in 32 bits)"));
  }
  return absl::OkStatus();
}

// The section itself once the reader has accepted it.
absl::StatusOr<std::string> Checked(std::string section, uint32_t vocab_size) {
  PEDIGREE_RETURN_IF_ERROR(
      Tokenizer::Parse(AsBytes(section), vocab_size).status());
  return section;
}

}  // namespace

std::string WriteBtok() {
  std::string section(kByteTokenizerMagic);
  AppendFields({1, kFirstPieceId, kBosId, kEosId, kPadId, kUnkId}, section);
  return section;
}

absl::StatusOr<std::string> WriteBpe1(const std::vector<BpeToken>& tokens,
                                      const std::vector<BpeMerge>& merges) {
  PEDIGREE_RETURN_IF_ERROR(CheckCounts(tokens, merges));
  const auto token_count = static_cast<uint32_t>(tokens.size());
  const uint32_t vocab_size = kFirstPieceId + token_count;
  std::string section(kBpeMagic);
  AppendFields({1, vocab_size, kBosId, kEosId, kPadId, kUnkId, token_count,
                static_cast<uint32_t>(merges.size())},
               section);
  AppendRecords(tokens, merges, section);
  return Checked(std::move(section), vocab_size);
}

absl::StatusOr<std::string> WriteBpe1V2(const Bpe1V2Content& content) {
  PEDIGREE_RETURN_IF_ERROR(CheckCounts(content.tokens, content.merges));
  const uint32_t flags = (content.add_bos ? kBpeAddBos : 0) |
                         (content.add_eos ? kBpeAddEos : 0) |
                         (content.byte_fallback ? kBpeByteFallback : 0) |
                         (content.byte_symbols ? kBpeByteSymbols : 0) |
                         (content.whole_words ? kBpeWholeWords : 0);
  std::string section(kBpeMagic);
  AppendFields({2, content.vocab_size, kBosId, kEosId, kPadId, kUnkId,
                static_cast<uint32_t>(content.tokens.size()),
                static_cast<uint32_t>(content.merges.size()), flags,
                static_cast<uint32_t>(content.pre_split),
                static_cast<uint32_t>(content.normalizer),
                static_cast<uint32_t>(content.stop_ids.size()),
                static_cast<uint32_t>(content.absent_ids.size()),
                static_cast<uint32_t>(content.added_tokens.size()),
                static_cast<uint32_t>(content.role_copies.size())},
               section);
  for (const uint32_t id : content.stop_ids) AppendLittleEndian(id, section);
  for (const uint32_t id : content.absent_ids) AppendLittleEndian(id, section);
  AppendAddedTokens(content.added_tokens, section);
  for (const RoleCopy& copy : content.role_copies) {
    AppendFields({copy.id, copy.original}, section);
  }
  AppendRecords(content.tokens, content.merges, section);
  return Checked(std::move(section), content.vocab_size);
}

}  // namespace pedigree
