// How a case is judged. Specification: docs/formats/evaluation.md, "Scorers".

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
  // Of several texts behind the prompt, the expected one is the likeliest.
  kChoice,
  // The same, by log-likelihood per byte.
  kChoiceNormalized,
  // The prompt is a text that takes at most the expected bits per byte.
  kBitsPerByte,
};

// The scorer of that name; nothing for another.
std::optional<Scorer> FindScorer(std::string_view name);

// The names, for messages: "exact-match", "prefix", ... or "bits-per-byte".
std::string ScorerNames();

// Whether the scorer judges what the model generates; otherwise it judges how
// likely the model finds given texts.
bool Generates(Scorer scorer);
bool IsChoice(Scorer scorer);

// Whether raw bytes `output` pass a case that expects `expected`. The scorer is
// one that generates.
bool Passes(Scorer scorer, std::string_view output, std::string_view expected);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_SCORER_H_
