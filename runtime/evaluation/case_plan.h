// What a case asks of a model, in tokens.
// Specification: docs/formats/evaluation.md, "Run".

#ifndef PEDIGREE_RUNTIME_EVALUATION_CASE_PLAN_H_
#define PEDIGREE_RUNTIME_EVALUATION_CASE_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/log_likelihood.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// A sequence to run from an empty context.
struct CasePart {
  // At least one.
  std::vector<uint32_t> inputs;
  // The tokens to score, which follow the last targets.size() inputs; none for a
  // prompt to generate from.
  std::vector<uint32_t> targets;
};

struct CasePlan {
  // Of the prompt by itself.
  uint32_t prompt_tokens = 0;
  // The prompt; or a sequence for each choice; or the windows of a text.
  std::vector<CasePart> parts;
  // For scorers that don't generate, without their log-likelihoods: one for each
  // choice, or that of the text.
  std::vector<Likelihood> likelihoods;
};

// Plans a case for a model of at most `context_tokens` positions.
//
// Errors: those of Tokenizer::Encode; code InvalidLength for a prompt, choice or
// text of no tokens; ContextExceeded for a sequence of more than context_tokens;
// GenerationFailed for a token to score that takes no part in the softmax.
absl::StatusOr<CasePlan> PlanCase(const EvalCase& eval_case,
                                  const Tokenizer& tokenizer,
                                  uint32_t context_tokens);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_CASE_PLAN_H_
