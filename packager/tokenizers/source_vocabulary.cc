#include "packager/tokenizers/source_vocabulary.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "packager/sentencepiece_merges.h"
#include "runtime/base/status_macros.h"
#include "runtime/tokenizer/bpe_section.h"

namespace pedigree {
namespace {

using Kind = SourceToken::Kind;

constexpr uint32_t kNoId = 0xffffffff;
constexpr std::string_view kRoleNames[] = {"bos", "eos", "pad", "unk"};

class Renumbering {
 public:
  explicit Renumbering(SourceVocabulary vocabulary)
      : source_(std::move(vocabulary)),
        new_id_(source_.tokens.size(), kNoId),
        row_of_id_(kFirstPieceId, kAbsentRow) {}

  absl::StatusOr<ImportedTokenizer> Run();

 private:
  absl::Status CheckIds() const;
  absl::Status PlaceBytes();
  void PlaceRoles();
  void PlaceOthers();
  void CopyRoles();
  void PutTokens();
  void PutAddedTokens();
  void PutMerges();
  std::vector<BpeMerge> MergesByScore() const;

  std::optional<int64_t> RoleOf(uint32_t id) const;
  // Whether the token may live at a role's id.
  bool MayMove(int64_t source, uint32_t role) const;
  void Place(uint32_t source, uint32_t id) {
    new_id_[source] = id;
    row_of_id_[id] = source;
  }

  SourceVocabulary source_;
  std::vector<bool> merged_;        // by source id: a merge names it
  std::vector<uint32_t> new_id_;    // by source id
  std::vector<int64_t> row_of_id_;  // by new id
  Bpe1V2Content content_;
};

std::optional<int64_t> Renumbering::RoleOf(uint32_t id) const {
  const SourceTokenIds& ids = source_.ids;
  switch (id) {
    case kBosId:
      return ids.bos;
    case kEosId:
      if (ids.eos.empty()) return std::nullopt;
      return ids.eos.front();
    case kPadId:
      return ids.pad;
    default:
      return ids.unk;
  }
}

absl::Status Renumbering::CheckIds() const {
  const auto check = [this](std::string_view name, int64_t id) {
    const bool inside =
        id >= 0 && id < static_cast<int64_t>(source_.tokens.size());
    if (!inside || source_.tokens[id].kind == Kind::kNone) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid tokenizer: ", name, " id ", id,
                       " has no token (", source_.tokens.size(), " ids)"));
    }
    if (source_.tokens[id].kind == Kind::kByte) {
      return absl::UnimplementedError(absl::StrCat(
          "Unsupported tokenizer: ", name, " id ", id, " is a byte"));
    }
    return absl::OkStatus();
  };
  for (uint32_t role = kBosId; role <= kUnkId; ++role) {
    const std::optional<int64_t> id = RoleOf(role);
    if (id) PEDIGREE_RETURN_IF_ERROR(check(kRoleNames[role - kBosId], *id));
  }
  for (const int64_t id : source_.ids.eos) {
    PEDIGREE_RETURN_IF_ERROR(check("eos", id));
  }
  for (const BpeAddedToken& token : source_.added_tokens) {
    PEDIGREE_RETURN_IF_ERROR(check("added token", token.id));
  }
  return absl::OkStatus();
}

absl::Status Renumbering::PlaceBytes() {
  for (uint32_t source = 0; source < source_.tokens.size(); ++source) {
    const SourceToken& token = source_.tokens[source];
    if (token.kind != Kind::kByte) continue;
    const auto byte = static_cast<uint8_t>(token.bytes.front());
    if (row_of_id_[byte] != kAbsentRow) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid tokenizer: ids ", row_of_id_[byte], " and ",
                       source, " are both byte ", byte));
    }
    Place(source, byte);
  }
  for (uint32_t byte = 0; byte < kByteCount; ++byte) {
    if (row_of_id_[byte] != kAbsentRow) continue;
    if (source_.settings.byte_fallback) {
      return absl::UnimplementedError(absl::StrCat(
          "Unsupported tokenizer: no token for byte ", byte,
          " (each byte needs one, so that any text can be encoded)"));
    }
  }
  return absl::OkStatus();
}

bool Renumbering::MayMove(int64_t source, uint32_t role) const {
  if (merged_[source]) return false;
  if (role == kBosId || role == kEosId) return true;
  const std::vector<int64_t>& stops = source_.ids.eos;
  return std::find(stops.begin(), stops.end(), source) == stops.end();
}

// EOS comes first: where BOS is the same token, BOS is the copy.
void Renumbering::PlaceRoles() {
  for (const uint32_t role : {kEosId, kBosId, kUnkId, kPadId}) {
    const std::optional<int64_t> source = RoleOf(role);
    if (!source) continue;
    if (new_id_[*source] == kNoId && MayMove(*source, role)) {
      Place(static_cast<uint32_t>(*source), role);
    }
  }
}

void Renumbering::PlaceOthers() {
  for (uint32_t source = 0; source < source_.tokens.size(); ++source) {
    if (new_id_[source] != kNoId) continue;
    if (source_.tokens[source].kind == Kind::kNone) continue;
    row_of_id_.push_back(source);
    new_id_[source] = static_cast<uint32_t>(row_of_id_.size() - 1);
  }
}

void Renumbering::CopyRoles() {
  for (uint32_t role = kBosId; role <= kUnkId; ++role) {
    const std::optional<int64_t> source = RoleOf(role);
    if (!source || row_of_id_[role] != kAbsentRow) continue;
    content_.role_copies.push_back({role, new_id_[*source]});
    row_of_id_[role] = *source;
  }
  for (uint32_t id = 0; id < kFirstPieceId; ++id) {
    if (row_of_id_[id] == kAbsentRow) content_.absent_ids.push_back(id);
  }
  for (const int64_t id : source_.ids.eos) {
    content_.stop_ids.push_back(new_id_[id]);
  }
  std::vector<uint32_t>& stops = content_.stop_ids;
  std::sort(stops.begin(), stops.end());
  stops.erase(std::unique(stops.begin(), stops.end()), stops.end());
}

void Renumbering::PutTokens() {
  for (uint32_t id = kFirstPieceId; id < row_of_id_.size(); ++id) {
    content_.tokens.push_back(
        {id, std::move(source_.tokens[row_of_id_[id]].bytes)});
  }
}

void Renumbering::PutAddedTokens() {
  content_.added_tokens = std::move(source_.added_tokens);
  for (BpeAddedToken& token : content_.added_tokens) {
    token.piece = source_.tokens[token.id].kind == Kind::kPiece;
    token.id = new_id_[token.id];
  }
}

std::vector<BpeMerge> Renumbering::MergesByScore() const {
  std::vector<ScoredPiece> pieces;
  for (uint32_t source = 0; source < source_.tokens.size(); ++source) {
    const SourceToken& token = source_.tokens[source];
    if (token.kind != Kind::kPiece || new_id_[source] < kFirstPieceId) continue;
    pieces.push_back({new_id_[source], token.bytes, source_.scores[source]});
  }
  return MergesFromScores(pieces);
}

void Renumbering::PutMerges() {
  if (!source_.scores.empty()) {
    content_.merges = MergesByScore();
    return;
  }
  for (const SourceMerge& merge : source_.merges) {
    content_.merges.push_back({new_id_[merge.left], new_id_[merge.right],
                               new_id_[merge.output], merge.rank});
  }
}

absl::StatusOr<ImportedTokenizer> Renumbering::Run() {
  content_ = source_.settings;
  // Configurations write -1 for none.
  for (auto* id : {&source_.ids.bos, &source_.ids.pad, &source_.ids.unk}) {
    if (*id && **id < 0) id->reset();
  }
  merged_.resize(source_.tokens.size());
  for (const SourceMerge& merge : source_.merges) {
    for (const uint32_t id : {merge.left, merge.right, merge.output}) {
      merged_[id] = true;
    }
  }
  PEDIGREE_RETURN_IF_ERROR(CheckIds());
  PEDIGREE_RETURN_IF_ERROR(PlaceBytes());
  PlaceRoles();
  PlaceOthers();
  CopyRoles();
  PutAddedTokens();
  PutMerges();
  PutTokens();
  content_.vocab_size = static_cast<uint32_t>(row_of_id_.size());
  ImportedTokenizer imported;
  PEDIGREE_ASSIGN_OR_RETURN(imported.section, WriteBpe1V2(content_));
  imported.source_row_of_id = std::move(row_of_id_);
  return imported;
}

}  // namespace

absl::StatusOr<ImportedTokenizer> MakeImportedTokenizer(
    SourceVocabulary vocabulary) {
  return Renumbering(std::move(vocabulary)).Run();
}

absl::Status PutToken(int64_t id, std::string_view name, SourceToken token,
                      SourceVocabulary& vocabulary) {
  const int64_t limit = std::min(vocabulary.row_count, kMaxTokenIds);
  if (id < 0 || id >= limit) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid tokenizer: token \"", absl::Utf8SafeCEscape(name),
        "\" has id ", id, " (must be below ", limit, ", the model has ",
        vocabulary.row_count, " rows)"));
  }
  std::vector<SourceToken>& tokens = vocabulary.tokens;
  if (id >= static_cast<int64_t>(tokens.size())) tokens.resize(id + 1);
  if (tokens[id].kind != Kind::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid tokenizer: token \"", absl::Utf8SafeCEscape(name),
                     "\" has id ", id, ", which another token has"));
  }
  if (token.bytes.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid tokenizer: token of id ", id, " is empty"));
  }
  tokens[id] = std::move(token);
  return absl::OkStatus();
}

std::string UnescapeSpaces(std::string_view text) {
  return absl::StrReplaceAll(text, {{"\xe2\x96\x81", " "}});
}

SourceToken EscapedToken(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (text.size() == 6 && text.substr(0, 3) == "<0x" && text[5] == '>') {
    const size_t high = kDigits.find(text[3]);
    const size_t low = kDigits.find(text[4]);
    if (high != kDigits.npos && low != kDigits.npos) {
      return {Kind::kByte, std::string(1, static_cast<char>(16 * high + low))};
    }
  }
  return {Kind::kPiece, UnescapeSpaces(text)};
}

}  // namespace pedigree
