// ImportHfTokenizer.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/tokenizers/byte_level.h"
#include "packager/tokenizers/hf_pipeline.h"
#include "packager/tokenizers/source_vocabulary.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/unicode.h"

namespace pedigree {
namespace {

using Kind = SourceToken::Kind;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid tokenizer.json: ", parts...));
}

template <typename... Parts>
absl::Status Unsupported(const Parts&... parts) {
  return absl::UnimplementedError(
      absl::StrCat("Unsupported tokenizer.json: ", parts...));
}

std::string Quoted(std::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

// Null, false, 0 or "": what an optional member says when it asks for nothing.
bool IsOff(const Json& value) {
  return value.is_null() || value == false || value == 0 || value == "";
}

// One tokenizer.json.
class HfReader {
 public:
  HfReader(const Json& root, int64_t row_count) : root_(root) {
    vocabulary_.row_count = row_count;
  }

  absl::StatusOr<SourceVocabulary> Read(const SourceTokenIds& ids);

 private:
  absl::Status ReadModel();
  absl::Status ReadVocabulary(const Json& model);
  absl::Status ReadMerges(const Json& model);
  absl::StatusOr<std::pair<std::string_view, std::string_view>> MergeParts(
      size_t index, const Json& merge) const;
  absl::StatusOr<uint32_t> MergeId(size_t index,
                                   const std::string& token) const;
  absl::Status ReadAddedTokens();
  absl::Status ReadAddedToken(size_t index, const Json& token);
  absl::Status PutAddedToken(const BpeAddedToken& token);
  absl::StatusOr<std::string> TextToFind(const BpeAddedToken& token) const;
  absl::Status ReadUnk(const Json& model);
  std::optional<int64_t> FindId(const std::string& token) const;

  const Json& root_;
  HfPipeline pipeline_;
  std::map<std::string_view, int64_t> ids_;  // of the model's vocabulary
  std::set<int64_t> added_ids_;
  SourceVocabulary vocabulary_;
};

absl::Status HfReader::ReadVocabulary(const Json& model) {
  const Json& vocab = MemberOrNull(model, "vocab");
  if (!vocab.is_object()) return Invalid("\"model.vocab\" is not an object");
  for (const auto& [token, id] : vocab.items()) {
    if (!id.is_number_integer()) {
      return Invalid("id of token ", Quoted(token), " is not an integer");
    }
    SourceToken source;
    if (!pipeline_.byte_level) {
      source = EscapedToken(token);
      if (absl::StrContains(token, ' ') &&
          added_ids_.count(id.get<int64_t>()) == 0) {
        return Unsupported("token ", Quoted(token),
                           " holds a space, which its normalizer escapes");
      }
    } else if (const auto bytes = BytesOfByteLevel(token)) {
      source.kind = bytes->size() == 1 ? Kind::kByte : Kind::kPiece;
      source.bytes = *bytes;
    } else if (added_ids_.count(id.get<int64_t>()) != 0) {
      source = {Kind::kAdded, token};
    } else {
      return Unsupported("token ", Quoted(token),
                         " is not of the byte-level alphabet");
    }
    PEDIGREE_RETURN_IF_ERROR(PutToken(id.get<int64_t>(), token,
                                      std::move(source), vocabulary_));
    ids_.emplace(token, id.get<int64_t>());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::pair<std::string_view, std::string_view>>
HfReader::MergeParts(size_t index, const Json& merge) const {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
      merge[1].is_string()) {
    return std::pair<std::string_view, std::string_view>(
        merge[0].get_ref<const std::string&>(),
        merge[1].get_ref<const std::string&>());
  }
  if (merge.is_string()) {
    const std::string_view text = merge.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space != text.npos && text.find(' ', space + 1) == text.npos) {
      return std::pair(text.substr(0, space), text.substr(space + 1));
    }
  }
  return Invalid("merge ", index, " is not a pair of tokens");
}

std::optional<int64_t> HfReader::FindId(const std::string& token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<uint32_t> HfReader::MergeId(size_t index,
                                           const std::string& token) const {
  const std::optional<int64_t> id = FindId(token);
  if (!id) {
    return Invalid("merge ", index, " has token ", Quoted(token),
                   ", which is not in \"model.vocab\"");
  }
  return static_cast<uint32_t>(*id);
}

absl::Status HfReader::ReadMerges(const Json& model) {
  const Json& merges = MemberOrNull(model, "merges");
  if (!merges.is_array()) return Invalid("\"model.merges\" is not an array");
  for (size_t i = 0; i < merges.size(); ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(const auto parts, MergeParts(i, merges[i]));
    SourceMerge merge;
    merge.rank = static_cast<uint32_t>(i);
    PEDIGREE_ASSIGN_OR_RETURN(merge.left,
                              MergeId(i, std::string(parts.first)));
    PEDIGREE_ASSIGN_OR_RETURN(merge.right,
                              MergeId(i, std::string(parts.second)));
    PEDIGREE_ASSIGN_OR_RETURN(
        merge.output, MergeId(i, absl::StrCat(parts.first, parts.second)));
    vocabulary_.merges.push_back(merge);
  }
  return absl::OkStatus();
}

absl::Status HfReader::ReadUnk(const Json& model) {
  const Json& unk = MemberOrNull(model, "unk_token");
  vocabulary_.ids.unk.reset();
  if (unk.is_string()) {
    vocabulary_.ids.unk = FindId(unk.get<std::string>());
    if (!vocabulary_.ids.unk && !vocabulary_.settings.byte_fallback) {
      return Invalid("\"model.unk_token\" ", Quoted(unk.get<std::string>()),
                     " is not in \"model.vocab\"");
    }
  }
  if (vocabulary_.settings.byte_fallback) return absl::OkStatus();
  if (!vocabulary_.ids.unk) {
    return Unsupported("BPE with neither byte_fallback nor unk_token, which ",
                       "drops characters");
  }
  if (!IsOff(MemberOrNull(model, "fuse_unk"))) {
    return Unsupported("BPE with fuse_unk and no byte_fallback");
  }
  return absl::OkStatus();
}

absl::Status HfReader::ReadModel() {
  const Json& model = MemberOrNull(root_, "model");
  if (!model.is_object()) return Invalid("\"model\" is not an object");
  const Json& type = MemberOrNull(model, "type");
  if (!type.is_null() && type != "BPE") {
    return Unsupported("model ", type.dump(), " (expected \"BPE\")");
  }
  for (const char* key :
       {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!IsOff(MemberOrNull(model, key))) return Unsupported("model.", key);
  }
  Bpe1V2Content& settings = vocabulary_.settings;
  settings.byte_symbols = pipeline_.byte_level;
  settings.byte_fallback =
      pipeline_.byte_level || !IsOff(MemberOrNull(model, "byte_fallback"));
  settings.whole_words = !IsOff(MemberOrNull(model, "ignore_merges"));
  if (settings.whole_words && !pipeline_.byte_level) {
    return Unsupported("BPE with ignore_merges and no ByteLevel");
  }
  PEDIGREE_RETURN_IF_ERROR(ReadVocabulary(model));
  PEDIGREE_RETURN_IF_ERROR(ReadMerges(model));
  return ReadUnk(model);
}

absl::StatusOr<std::string> HfReader::TextToFind(
    const BpeAddedToken& token) const {
  if (!token.normalized) return token.text;
  switch (pipeline_.normalizer) {
    case Normalizer::kNone:
      return token.text;
    case Normalizer::kNfc:
      return NormalizeNfc(token.text);
    case Normalizer::kSpacePrefix:
      return absl::StrCat(" ", UnescapeSpaces(token.text));
    default:
      if (!pipeline_.metaspace) return UnescapeSpaces(token.text);
  }
  return Unsupported("added token ", Quoted(token.text),
                     " is normalized, with Metaspace");
}

absl::Status HfReader::PutAddedToken(const BpeAddedToken& token) {
  const std::optional<int64_t> model_id = FindId(token.text);
  if (model_id && *model_id != token.id) {
    return Invalid("added token ", Quoted(token.text), " has id ", token.id,
                   " (\"model.vocab\" has ", *model_id, ")");
  }
  if (!model_id) {
    SourceToken source = {Kind::kAdded, token.text};
    if (!pipeline_.byte_level) {
      source.bytes = UnescapeSpaces(token.text);
    } else if (const auto bytes = BytesOfByteLevel(token.text)) {
      source.bytes = *bytes;  // the decoder does not ask what is added
    }
    PEDIGREE_RETURN_IF_ERROR(PutToken(token.id, token.text, std::move(source),
                                      vocabulary_));
  }
  BpeAddedToken found = token;
  PEDIGREE_ASSIGN_OR_RETURN(found.text, TextToFind(token));
  vocabulary_.added_tokens.push_back(std::move(found));
  return absl::OkStatus();
}

absl::Status HfReader::ReadAddedToken(size_t index, const Json& token) {
  const Json& id = MemberOrNull(token, "id");
  const Json& content = MemberOrNull(token, "content");
  if (!content.is_string() || content == "") {
    return Invalid("added token ", index, " has no content");
  }
  constexpr int64_t kMaxId = std::numeric_limits<uint32_t>::max();
  if (!id.is_number_integer() || id.get<int64_t>() < 0 ||
      id.get<int64_t>() > kMaxId) {
    return Invalid("added token ", index, " has id ", id.dump());
  }
  const auto flag = [&token](const char* key) {
    return MemberOrNull(token, key) == true;
  };
  if (flag("single_word")) {
    return Unsupported("added token ", Quoted(content.get<std::string>()),
                       " is a single_word");
  }
  BpeAddedToken added;
  added.id = static_cast<uint32_t>(id.get<int64_t>());
  added.text = content.get<std::string>();
  added.strip_left = flag("lstrip");
  added.strip_right = flag("rstrip");
  added.normalized = flag("normalized");
  added.special = flag("special");
  return PutAddedToken(added);
}

absl::Status HfReader::ReadAddedTokens() {
  const Json& tokens = MemberOrNull(root_, "added_tokens");
  if (tokens.is_null()) return absl::OkStatus();
  for (size_t i = 0; i < tokens.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(ReadAddedToken(i, tokens[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceVocabulary> HfReader::Read(const SourceTokenIds& ids) {
  if (!root_.is_object()) return Invalid("not an object");
  PEDIGREE_ASSIGN_OR_RETURN(pipeline_, ReadHfPipeline(root_));
  const Json& added = MemberOrNull(root_, "added_tokens");
  if (!added.is_null() && !added.is_array()) {
    return Invalid("\"added_tokens\" is not an array");
  }
  for (const Json& token : added) {
    const Json& id = MemberOrNull(token, "id");
    if (id.is_number_integer()) added_ids_.insert(id.get<int64_t>());
  }
  vocabulary_.ids = ids;
  vocabulary_.settings.pre_split = pipeline_.pre_split;
  vocabulary_.settings.normalizer = pipeline_.normalizer;
  PEDIGREE_RETURN_IF_ERROR(ReadModel());
  PEDIGREE_RETURN_IF_ERROR(ReadAddedTokens());
  vocabulary_.settings.add_bos = pipeline_.bos.has_value();
  vocabulary_.settings.add_eos = pipeline_.eos.has_value();
  if (pipeline_.bos) vocabulary_.ids.bos = pipeline_.bos;
  if (pipeline_.eos) {
    std::vector<int64_t>& stops = vocabulary_.ids.eos;
    stops.erase(std::remove(stops.begin(), stops.end(), *pipeline_.eos),
                stops.end());
    stops.insert(stops.begin(), *pipeline_.eos);
  }
  return std::move(vocabulary_);
}

// The id of a token that tokenizer_config.json names, as a text or as an object
// with it.
std::optional<int64_t> NamedId(const Json& config, const char* key,
                               const Json& root) {
  const Json& named = MemberOrNull(config, key);
  const Json& text =
      named.is_object() ? MemberOrNull(named, "content") : named;
  if (!text.is_string()) return std::nullopt;
  for (const Json& token : MemberOrNull(root, "added_tokens")) {
    if (MemberOrNull(token, "content") == text) {
      return MemberOrNull(token, "id").get<int64_t>();
    }
  }
  const Json& id = MemberOrNull(
      MemberOrNull(MemberOrNull(root, "model"), "vocab"),
      text.get_ref<const std::string&>().c_str());
  if (!id.is_number_integer()) return std::nullopt;
  return id.get<int64_t>();
}

// The llama classes of `transformers` build the template themselves, from two
// flags; where a flag is left out it is the file's.
void ApplyLlamaFlags(const Json& config, Bpe1V2Content& settings) {
  const Json& name = MemberOrNull(config, "tokenizer_class");
  if (!name.is_string() ||
      !absl::StrContains(name.get<std::string>(), "LlamaTokenizer")) {
    return;
  }
  const Json& bos = MemberOrNull(config, "add_bos_token");
  const Json& eos = MemberOrNull(config, "add_eos_token");
  if (bos.is_boolean()) settings.add_bos = bos.get<bool>();
  if (eos.is_boolean()) settings.add_eos = eos.get<bool>();
}

void ApplyConfig(const Json& config, const Json& root,
                 SourceVocabulary& vocabulary) {
  SourceTokenIds& ids = vocabulary.ids;
  if (!ids.bos) ids.bos = NamedId(config, "bos_token", root);
  if (!ids.pad) ids.pad = NamedId(config, "pad_token", root);
  if (ids.eos.empty()) {
    const auto eos = NamedId(config, "eos_token", root);
    if (eos) ids.eos.push_back(*eos);
  }
  ApplyLlamaFlags(config, vocabulary.settings);
}

absl::StatusOr<ImportedTokenizer> Import(const HfTokenizerFiles& files,
                                         int64_t row_count) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const Json root,
      ParseForeignJson(AsText(files.tokenizer_json.bytes), "tokenizer.json"));
  PEDIGREE_ASSIGN_OR_RETURN(SourceVocabulary vocabulary,
                            HfReader(root, row_count).Read(files.ids));
  Json config;
  if (!files.tokenizer_config_json.bytes.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(
        config, ParseForeignJson(AsText(files.tokenizer_config_json.bytes),
                          "tokenizer_config.json"));
  }
  ApplyConfig(config, root, vocabulary);
  return MakeImportedTokenizer(std::move(vocabulary));
}

}  // namespace

absl::StatusOr<ImportedTokenizer> ImportHfTokenizer(
    const HfTokenizerFiles& files, int64_t source_vocab_size) {
  absl::StatusOr<ImportedTokenizer> tokenizer =
      Import(files, source_vocab_size);
  if (!tokenizer.ok()) {
    return AnnotateWithPath(tokenizer.status(), files.tokenizer_json.path);
  }
  return tokenizer;
}

}  // namespace pedigree
