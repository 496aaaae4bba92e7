// Whether an output is the answer that a case expects.
// Specification: docs/formats/evaluation.md, "Case files".

#ifndef PEDIGREE_RUNTIME_EVALUATION_SCORER_H_
#define PEDIGREE_RUNTIME_EVALUATION_SCORER_H_

#include <optional>
#include <string>
#include <string_view>

namespace pedigree {

enum class Scorer {
  // The output's bytes equal the expected ones.
  kExactMatch,
  // The output as text, invalid UTF-8 replaced, starts with the expected one.
  kPrefix,
  // The same text has the expected one in it.
  kContains,
};

// The scorer of that name; nothing for another.
std::optional<Scorer> FindScorer(std::string_view name);

// The names, for messages: "exact-match", "prefix" or "contains".
std::string ScorerNames();

// Whether raw bytes `output` pass a case that expects `expected`.
bool Passes(Scorer scorer, std::string_view output, std::string_view expected);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_SCORER_H_
