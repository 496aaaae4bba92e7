#include "release/diff/case_difference.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"

namespace pedigree {
namespace {

// What CaseDifference says in members of its own, and digests of that.
constexpr const char* kToldApart[] = {"actual", "actual_digest", "expected",
                                      "expected_digest", "id"};

CaseAnswer ReadAnswer(const Json& result) {
  return {result["expected"].get<std::string>(),
          result["actual"].get<std::string>(), result["passed"].get<bool>(),
          result["stop_reason"].get<std::string>()};
}

std::vector<JsonDifference> OtherFields(Json a, Json b) {
  for (const char* key : kToldApart) {
    a.erase(key);
    b.erase(key);
  }
  return ListDifferences(a, b).changes;
}

std::optional<uint64_t> FirstDifferingByte(std::string_view a,
                                           std::string_view b) {
  if (a == b) return std::nullopt;
  return std::mismatch(a.begin(), a.begin() + std::min(a.size(), b.size()),
                       b.begin())
             .first -
         a.begin();
}

// The ids of a text without the BOS that opens a prompt.
std::optional<std::vector<uint32_t>> TokensOf(std::string_view text,
                                              const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) return std::nullopt;
  absl::StatusOr<std::vector<uint32_t>> ids = tokenizer->EncodePrompt(text);
  if (!ids.ok()) return std::nullopt;
  if (!ids->empty() && ids->front() == tokenizer->bos()) {
    ids->erase(ids->begin());
  }
  return *std::move(ids);
}

std::string PieceAt(const std::vector<uint32_t>& ids, size_t index,
                    const Tokenizer& tokenizer) {
  if (index >= ids.size()) return "";
  return absl::CHexEscape(tokenizer.DecodeBytes({ids[index]}));
}

std::optional<TokenPlace> FirstDifferingToken(std::string_view a,
                                              std::string_view b,
                                              const Tokenizer* tokenizer_a,
                                              const Tokenizer* tokenizer_b) {
  const auto ids_a = TokensOf(a, tokenizer_a);
  const auto ids_b = TokensOf(b, tokenizer_b);
  if (!ids_a.has_value() || !ids_b.has_value()) return std::nullopt;
  const size_t common = std::min(ids_a->size(), ids_b->size());
  for (size_t i = 0; i <= common; ++i) {
    TokenPlace place = {i, PieceAt(*ids_a, i, *tokenizer_a),
                        PieceAt(*ids_b, i, *tokenizer_b)};
    if (place.piece_a != place.piece_b) return place;
  }
  return std::nullopt;
}

class CasesComparison {
 public:
  CasesComparison(const Tokenizer* tokenizer_a, const Tokenizer* tokenizer_b)
      : tokenizer_a_(tokenizer_a), tokenizer_b_(tokenizer_b) {}

  // A null pointer stands for a case that is not there.
  void Add(const std::string& id, const Json* a, const Json* b) {
    ++result_.cases;
    if (a != nullptr && b != nullptr) {
      if (*a == *b) return;
      CountVerdicts((*a)["passed"].get<bool>(), (*b)["passed"].get<bool>());
    }
    if (++result_.differing > kMaxCaseDifferences) return;
    result_.kept.push_back(Describe(id, a, b));
  }

  CasesDifference Take() { return std::move(result_); }

 private:
  void CountVerdicts(bool a, bool b) {
    result_.lost += a && !b;
    result_.gained += b && !a;
  }

  CaseDifference Describe(const std::string& id, const Json* a,
                          const Json* b) const {
    CaseDifference difference;
    difference.id = id;
    if (a != nullptr) difference.a = ReadAnswer(*a);
    if (b != nullptr) difference.b = ReadAnswer(*b);
    if (a == nullptr || b == nullptr) return difference;
    const std::string& text_a = difference.a->actual;
    const std::string& text_b = difference.b->actual;
    difference.fields = OtherFields(*a, *b);
    difference.first_byte = FirstDifferingByte(text_a, text_b);
    if (difference.first_byte.has_value()) {
      difference.first_token =
          FirstDifferingToken(text_a, text_b, tokenizer_a_, tokenizer_b_);
    }
    return difference;
  }

  const Tokenizer* tokenizer_a_;
  const Tokenizer* tokenizer_b_;
  CasesDifference result_;
};

}  // namespace

CasesDifference CompareCases(const Json& a, const Json& b,
                             const Tokenizer* tokenizer_a,
                             const Tokenizer* tokenizer_b) {
  std::map<std::string, std::pair<const Json*, const Json*>> cases;
  for (const Json& result : a["cases"]) {
    cases[result["id"].get<std::string>()].first = &result;
  }
  for (const Json& result : b["cases"]) {
    cases[result["id"].get<std::string>()].second = &result;
  }
  CasesComparison comparison(tokenizer_a, tokenizer_b);
  for (const auto& [id, results] : cases) {
    comparison.Add(id, results.first, results.second);
  }
  return comparison.Take();
}

}  // namespace pedigree
