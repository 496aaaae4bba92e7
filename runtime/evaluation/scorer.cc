#include "runtime/evaluation/scorer.h"

#include "absl/strings/match.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {

std::optional<Scorer> FindScorer(std::string_view name) {
  if (name == "exact-match") return Scorer::kExactMatch;
  if (name == "prefix") return Scorer::kPrefix;
  if (name == "contains") return Scorer::kContains;
  return std::nullopt;
}

std::string ScorerNames() {
  return "\"exact-match\", \"prefix\" or \"contains\"";
}

bool Passes(Scorer scorer, std::string_view output, std::string_view expected) {
  switch (scorer) {
    case Scorer::kExactMatch:
      return output == expected;
    case Scorer::kPrefix:
      return absl::StartsWith(ReplaceInvalidUtf8(output), expected);
    case Scorer::kContains:
      return absl::StrContains(ReplaceInvalidUtf8(output), expected);
  }
  return false;
}

}  // namespace pedigree
