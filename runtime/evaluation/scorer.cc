#include "runtime/evaluation/scorer.h"

#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "runtime/base/concat.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

struct Name {
  std::string_view text;
  Scorer scorer;
};

constexpr Name kNames[] = {
    {"exact-match", Scorer::kExactMatch},
    {"prefix", Scorer::kPrefix},
    {"contains", Scorer::kContains},
    {"choice", Scorer::kChoice},
    {"choice-normalized", Scorer::kChoiceNormalized},
    {"bits-per-byte", Scorer::kBitsPerByte},
};

}  // namespace

std::optional<Scorer> FindScorer(std::string_view name) {
  for (const Name& entry : kNames) {
    if (entry.text == name) return entry.scorer;
  }
  return std::nullopt;
}

std::string ScorerNames() {
  std::string names;
  for (const Name& entry : kNames) {
    const bool last = entry.scorer == Scorer::kBitsPerByte;
    Append(names, {names.empty() ? ""
                   : last        ? " or "
                                 : ", ",
                   "\"", entry.text, "\""});
  }
  return names;
}

bool IsChoice(Scorer scorer) {
  return scorer == Scorer::kChoice || scorer == Scorer::kChoiceNormalized;
}

bool Generates(Scorer scorer) {
  return !IsChoice(scorer) && scorer != Scorer::kBitsPerByte;
}

bool Passes(Scorer scorer, std::string_view output, std::string_view expected) {
  if (scorer == Scorer::kExactMatch) return output == expected;
  const std::string text = ReplaceInvalidUtf8(output);
  return scorer == Scorer::kPrefix ? absl::StartsWith(text, expected)
                                   : absl::StrContains(text, expected);
}

}  // namespace pedigree
