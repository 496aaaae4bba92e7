// ImportGgufTokenizer.

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/tokenizers/byte_level.h"
#include "packager/tokenizers/source_vocabulary.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

using Kind = SourceToken::Kind;

// Values of tokenizer.ggml.token_type.
enum TokenType {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByteType = 6,
};

// Names of unused tokens that converters fill the embedding matrix up with.
constexpr std::string_view kPaddingPrefix = "[PAD";

// What tokenizer.ggml.pre stands for. Qwen2's own tokenizer normalises to NFC.
struct PreKind {
  std::string_view name;
  PreSplit pre_split;
  Normalizer normalizer;
  bool whole_words;
  bool add_bos;  // unless the file says
};
constexpr PreKind kPreKinds[] = {
    {"gpt-2", PreSplit::kGpt2, Normalizer::kNone, false, false},
    {"llama-bpe", PreSplit::kLlama3, Normalizer::kNone, true, true},
    {"llama3", PreSplit::kLlama3, Normalizer::kNone, true, true},
    {"llama-v3", PreSplit::kLlama3, Normalizer::kNone, true, true},
    {"qwen2", PreSplit::kQwen2, Normalizer::kNfc, false, false},
    {"smollm", PreSplit::kDigits, Normalizer::kNone, false, false},
    {"starcoder", PreSplit::kDigits, Normalizer::kNone, false, false},
};

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid GGUF tokenizer: ", parts...));
}

template <typename... Parts>
absl::Status Unsupported(const Parts&... parts) {
  return absl::UnimplementedError(
      absl::StrCat("Unsupported GGUF tokenizer: ", parts...));
}

class GgufVocabulary {
 public:
  GgufVocabulary(const GgufTokenizer& source, int64_t row_count)
      : source_(source) {
    vocabulary_.row_count = row_count;
    vocabulary_.ids = source.ids;
  }

  // Model "llama": SentencePiece.
  absl::StatusOr<SourceVocabulary> ReadLlama();
  // Model "gpt2": byte-level merges.
  absl::StatusOr<SourceVocabulary> ReadGpt2();

 private:
  absl::Status CheckLists() const;
  int TypeOf(size_t id) const {
    return source_.token_types.empty() ? kNormal : source_.token_types[id];
  }
  absl::Status PutLlamaToken(uint32_t id);
  absl::Status PutGpt2Token(uint32_t id);
  // A token that is found as a whole string.
  absl::Status PutFound(uint32_t id, BpeAddedToken found);
  absl::Status ReadScores();
  absl::Status ReadMerges();

  const GgufTokenizer& source_;
  SourceVocabulary vocabulary_;
};

absl::Status GgufVocabulary::CheckLists() const {
  if (source_.tokens.empty()) return Invalid("no tokens");
  for (size_t i = 0; i < source_.tokens.size(); ++i) {
    const std::optional<size_t> bad = FindInvalidUtf8(source_.tokens[i]);
    if (bad) {
      return Invalid("token ", i, " is not UTF-8, at its byte ", *bad);
    }
  }
  return absl::OkStatus();
}

absl::Status GgufVocabulary::PutFound(uint32_t id, BpeAddedToken found) {
  found.id = id;
  SourceToken token = {Kind::kAdded, UnescapeSpaces(source_.tokens[id])};
  if (vocabulary_.settings.byte_symbols) {
    token.bytes = std::string(source_.tokens[id]);
  }
  PEDIGREE_RETURN_IF_ERROR(
      PutToken(id, source_.tokens[id], std::move(token), vocabulary_));
  vocabulary_.added_tokens.push_back(std::move(found));
  return absl::OkStatus();
}

// As SentencePiece, user defined tokens are looked for in the escaped text.
absl::Status GgufVocabulary::PutLlamaToken(uint32_t id) {
  const std::string_view name = source_.tokens[id];
  BpeAddedToken found;
  found.text = std::string(name);
  switch (TypeOf(id)) {
    case kNormal:
    case kByteType:
      return PutToken(id, name, EscapedToken(name), vocabulary_);
    case kUnknown:
      if (!vocabulary_.ids.unk) vocabulary_.ids.unk = id;
      [[fallthrough]];
    case kControl:
      found.special = true;
      return PutFound(id, std::move(found));
    case kUserDefined:
      found.text = UnescapeSpaces(name);
      found.normalized = true;
      return PutFound(id, std::move(found));
    case kUnused:
      if (absl::StartsWith(name, kPaddingPrefix)) return absl::OkStatus();
      [[fallthrough]];
    default:
      return Unsupported("token ", id, " is of type ", TypeOf(id));
  }
}

absl::Status GgufVocabulary::ReadScores() {
  if (source_.scores.size() != source_.tokens.size()) {
    return Invalid(source_.scores.size(), " scores (expected one for each of ",
                   source_.tokens.size(), " tokens)");
  }
  for (size_t i = 0; i < source_.scores.size(); ++i) {
    if (!std::isfinite(source_.scores[i])) {
      return Invalid("score of token ", i, " is not finite");
    }
  }
  vocabulary_.scores = source_.scores;
  return absl::OkStatus();
}

absl::StatusOr<SourceVocabulary> GgufVocabulary::ReadLlama() {
  PEDIGREE_RETURN_IF_ERROR(CheckLists());
  if (source_.remove_extra_whitespaces.value_or(false)) {
    return Unsupported("remove_extra_whitespaces");
  }
  Bpe1V2Content& settings = vocabulary_.settings;
  settings.add_bos = source_.add_bos.value_or(true);
  settings.add_eos = source_.add_eos.value_or(false);
  settings.normalizer = source_.add_space_prefix.value_or(true)
                            ? Normalizer::kSpacePrefix
                            : Normalizer::kSpaceEscape;
  PEDIGREE_RETURN_IF_ERROR(ReadScores());
  for (uint32_t id = 0; id < source_.tokens.size(); ++id) {
    PEDIGREE_RETURN_IF_ERROR(PutLlamaToken(id));
  }
  return std::move(vocabulary_);
}

absl::Status GgufVocabulary::PutGpt2Token(uint32_t id) {
  const std::string_view name = source_.tokens[id];
  const int type = TypeOf(id);
  if (type == kUnused && absl::StartsWith(name, kPaddingPrefix)) {
    return absl::OkStatus();
  }
  if (type == kControl || type == kUserDefined || type == kUnknown) {
    BpeAddedToken found;
    found.text = std::string(name);
    found.special = type != kUserDefined;
    return PutFound(id, std::move(found));
  }
  if (type != kNormal) return Unsupported("token ", id, " is of type ", type);
  std::optional<std::string> bytes = BytesOfByteLevel(name);
  if (!bytes) {
    return Unsupported("token ", id, " \"", absl::Utf8SafeCEscape(name),
                       "\" is not of the byte-level alphabet");
  }
  const Kind kind = bytes->size() == 1 ? Kind::kByte : Kind::kPiece;
  return PutToken(id, name, {kind, *std::move(bytes)}, vocabulary_);
}

absl::Status GgufVocabulary::ReadMerges() {
  std::map<std::string_view, uint32_t> ids;
  for (uint32_t id = 0; id < vocabulary_.tokens.size(); ++id) {
    const Kind kind = vocabulary_.tokens[id].kind;
    if (kind == Kind::kByte || kind == Kind::kPiece) {
      ids.emplace(source_.tokens[id], id);
    }
  }
  for (size_t i = 0; i < source_.merges.size(); ++i) {
    const std::string_view text = source_.merges[i];
    const size_t space = text.find(' ');
    if (space == text.npos || text.find(' ', space + 1) != text.npos) {
      return Invalid("merge ", i, " is not two tokens");
    }
    const std::string left(text.substr(0, space));
    const std::string right(text.substr(space + 1));
    SourceMerge merge;
    merge.rank = static_cast<uint32_t>(i);
    for (const auto& [token, id] :
         {std::pair(left, &merge.left), std::pair(right, &merge.right),
          std::pair(left + right, &merge.output)}) {
      const auto found = ids.find(token);
      if (found == ids.end()) {
        return Invalid("merge ", i, " has \"", absl::Utf8SafeCEscape(token),
                       "\", which is no token");
      }
      *id = found->second;
    }
    vocabulary_.merges.push_back(merge);
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceVocabulary> GgufVocabulary::ReadGpt2() {
  PEDIGREE_RETURN_IF_ERROR(CheckLists());
  if (source_.add_space_prefix.value_or(false)) {
    return Unsupported("add_space_prefix with model gpt2");
  }
  const PreKind* pre = nullptr;
  for (const PreKind& kind : kPreKinds) {
    if (kind.name == source_.pre) pre = &kind;
  }
  if (pre == nullptr) {
    return Unsupported("pre \"", absl::CHexEscape(source_.pre), "\"");
  }
  Bpe1V2Content& settings = vocabulary_.settings;
  settings.byte_symbols = true;
  settings.pre_split = pre->pre_split;
  settings.normalizer = pre->normalizer;
  settings.whole_words = pre->whole_words;
  settings.add_bos = source_.add_bos.value_or(pre->add_bos);
  settings.add_eos = source_.add_eos.value_or(false);
  for (uint32_t id = 0; id < source_.tokens.size(); ++id) {
    PEDIGREE_RETURN_IF_ERROR(PutGpt2Token(id));
  }
  PEDIGREE_RETURN_IF_ERROR(ReadMerges());
  return std::move(vocabulary_);
}

absl::StatusOr<ImportedTokenizer> Import(const GgufTokenizer& source,
                                         int64_t row_count) {
  GgufVocabulary reader(source, row_count);
  if (source.model == "llama") {
    PEDIGREE_ASSIGN_OR_RETURN(SourceVocabulary vocabulary, reader.ReadLlama());
    return MakeImportedTokenizer(std::move(vocabulary));
  }
  if (source.model == "gpt2") {
    PEDIGREE_ASSIGN_OR_RETURN(SourceVocabulary vocabulary, reader.ReadGpt2());
    return MakeImportedTokenizer(std::move(vocabulary));
  }
  return Unsupported("model \"", absl::CHexEscape(source.model),
                     "\" (expected \"llama\" or \"gpt2\")");
}

}  // namespace

absl::StatusOr<ImportedTokenizer> ImportGgufTokenizer(
    const GgufTokenizer& tokenizer, int64_t source_vocab_size) {
  absl::StatusOr<ImportedTokenizer> imported =
      Import(tokenizer, source_vocab_size);
  if (!imported.ok()) {
    return AnnotateWithPath(imported.status(), tokenizer.path);
  }
  return imported;
}

}  // namespace pedigree
