#include "packager/tokenizers/llama2c_tokenizer.h"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "packager/sentencepiece_merges.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr uint32_t kSourceUnk = 0;
constexpr uint32_t kSourceBos = 1;
constexpr uint32_t kSourceEos = 2;
constexpr uint32_t kSourceFirstByte = 3;
constexpr uint32_t kSourceFirstPiece = 259;
constexpr uint32_t kBos = 256;
constexpr uint32_t kEos = 257;
constexpr uint32_t kPad = 258;
constexpr uint32_t kFirstPiece = 260;

struct SourcePiece {
  float score = 0;
  std::string_view bytes;
};

absl::Status TruncatedTokenizer(uint64_t offset, int64_t id) {
  return absl::DataLossError(
      absl::StrCat("Corrupted llama2.c tokenizer: ends inside token ", id,
                   ", at byte ", offset));
}

absl::StatusOr<std::vector<SourcePiece>> ReadPieces(ByteSpan tokenizer,
                                                    int64_t vocab_size) {
  if (vocab_size < kSourceFirstPiece) {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported llama2.c tokenizer: ", vocab_size, " tokens (expected ",
        kSourceFirstPiece, " or more: specials and bytes)"));
  }
  if (tokenizer.size() < sizeof(int32_t)) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted llama2.c tokenizer: ", tokenizer.size(), " bytes"));
  }
  const int32_t max_length = LoadLittleEndian<int32_t>(tokenizer.data());
  uint64_t offset = sizeof(int32_t);
  std::vector<SourcePiece> pieces;
  for (int64_t id = 0; id < vocab_size; ++id) {
    if (!RangeInside(offset, 8, tokenizer.size())) {
      return TruncatedTokenizer(offset, id);
    }
    const float score = LoadLittleEndian<float>(tokenizer.data() + offset);
    const int32_t length =
        LoadLittleEndian<int32_t>(tokenizer.data() + offset + 4);
    if (length < 1 || length > max_length) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid llama2.c tokenizer: token ", id, " has length ", length,
          " (expected 1 to ", max_length, "), at byte ", offset + 4));
    }
    if (!std::isfinite(score)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid llama2.c tokenizer: score of token ", id,
                       " is not finite, at byte ", offset));
    }
    offset += 8;
    if (!RangeInside(offset, length, tokenizer.size())) {
      return TruncatedTokenizer(offset, id);
    }
    pieces.push_back({score, AsText(tokenizer.subspan(offset, length))});
    offset += length;
  }
  if (offset != tokenizer.size()) {
    return absl::DataLossError(
        absl::StrCat("Corrupted llama2.c tokenizer: ", tokenizer.size(),
                     " bytes (", vocab_size, " tokens end at ", offset, ")"));
  }
  return pieces;
}

// The byte tokens must lie where every SentencePiece llama vocabulary has
// them.
absl::Status CheckByteTokens(const std::vector<SourcePiece>& pieces) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const std::string expected = absl::StrFormat("<0x%02X>", byte);
    const std::string_view found = pieces[kSourceFirstByte + byte].bytes;
    if (found != expected) {
      return absl::UnimplementedError(absl::StrCat(
          "Unsupported llama2.c tokenizer: token ", kSourceFirstByte + byte,
          " is \"", absl::CHexEscape(found), "\" (expected \"", expected,
          "\")"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeTokenizer(
    const std::vector<SourcePiece>& source) {
  Bpe1V2Content content;
  content.vocab_size = static_cast<uint32_t>(source.size()) + 1;
  content.stop_ids = {kBos, kEos};
  content.absent_ids = {kPad};
  std::vector<ScoredPiece> scored;
  for (uint32_t i = kSourceFirstPiece; i < source.size(); ++i) {
    const uint32_t id = kFirstPiece + (i - kSourceFirstPiece);
    content.tokens.push_back({id, std::string(source[i].bytes)});
    scored.push_back({id, std::string(source[i].bytes), source[i].score});
  }
  content.merges = MergesFromScores(scored);
  return WriteBpe1V2(content);
}

std::vector<int64_t> MakeRows(size_t source_vocab_size) {
  std::vector<int64_t> rows;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    rows.push_back(kSourceFirstByte + byte);
  }
  for (const int64_t row : {int64_t{kSourceBos}, int64_t{kSourceEos},
                            kAbsentRow, int64_t{kSourceUnk}}) {
    rows.push_back(row);
  }
  for (size_t row = kSourceFirstPiece; row < source_vocab_size; ++row) {
    rows.push_back(static_cast<int64_t>(row));
  }
  return rows;
}

absl::StatusOr<ImportedTokenizer> Import(ByteSpan file,
                                         int64_t source_vocab_size) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<SourcePiece> pieces,
                            ReadPieces(file, source_vocab_size));
  PEDIGREE_RETURN_IF_ERROR(CheckByteTokens(pieces));
  ImportedTokenizer tokenizer;
  PEDIGREE_ASSIGN_OR_RETURN(tokenizer.section, MakeTokenizer(pieces));
  tokenizer.source_row_of_id = MakeRows(pieces.size());
  return tokenizer;
}

}  // namespace

absl::StatusOr<ImportedTokenizer> ImportLlama2cTokenizer(
    const SourceFile& file, int64_t source_vocab_size) {
  absl::StatusOr<ImportedTokenizer> tokenizer =
      Import(file.bytes, source_vocab_size);
  if (tokenizer.ok()) return tokenizer;
  return AnnotateWithPath(tokenizer.status(), file.path);
}

}  // namespace pedigree
