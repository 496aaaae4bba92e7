#include "runtime/evaluation/case_plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/log_likelihood.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/text_windows.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

absl::Status NoTokens(std::string_view what) {
  return MakeError(ErrorCode::kInvalidLength, what, " (expected at least 1)");
}

absl::Status CheckFits(std::string_view what, size_t tokens,
                       uint32_t context_tokens) {
  if (tokens <= context_tokens) return absl::OkStatus();
  return MakeError(ErrorCode::kContextExceeded, what, " of ", tokens,
                   " tokens exceeds max_context ", context_tokens);
}

absl::Status CheckTargets(const Tokenizer& tokenizer,
                          absl::Span<const uint32_t> targets) {
  for (const uint32_t target : targets) {
    if (!tokenizer.excluded()[target]) continue;
    return MakeError(ErrorCode::kGenerationFailed, "Token ", target,
                     " takes no part in the softmax");
  }
  return absl::OkStatus();
}

absl::StatusOr<CasePlan> PlanGeneration(Ids prompt, uint32_t context_tokens) {
  if (prompt.empty()) return NoTokens("Prompt has no tokens");
  PEDIGREE_RETURN_IF_ERROR(
      CheckFits("Prompt", prompt.size(), context_tokens));
  CasePlan plan;
  plan.prompt_tokens = static_cast<uint32_t>(prompt.size());
  plan.parts.push_back({std::move(prompt), {}});
  return plan;
}

// How many tokens `a` and `b` begin with alike.
size_t SharedStart(const Ids& a, const Ids& b) {
  const size_t most = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + most, b.begin()).first -
         a.begin();
}

absl::Status PlanChoice(const Ids& prompt, const Ids& whole,
                        std::string_view choice, const Tokenizer& tokenizer,
                        uint32_t context_tokens, CasePlan& plan) {
  if (whole.size() < 2) {
    return NoTokens(
        Concat("Prompt and choice \"", choice, "\" have no token to score"));
  }
  // The tokens that the choice adds, or changes where it merges with the
  // prompt; nothing predicts the first of all.
  const size_t context = std::clamp<size_t>(SharedStart(prompt, whole), 1,
                                            whole.size() - 1);
  CasePart part;
  part.inputs.assign(whole.begin(), whole.end() - 1);
  part.targets.assign(whole.begin() + context, whole.end());
  PEDIGREE_RETURN_IF_ERROR(
      CheckFits("Prompt with choice", part.inputs.size(), context_tokens));
  PEDIGREE_RETURN_IF_ERROR(CheckTargets(tokenizer, part.targets));
  Likelihood likelihood;
  likelihood.text_digest = Sha256(choice);
  likelihood.bytes = choice.size();
  likelihood.context_tokens = static_cast<uint32_t>(context);
  likelihood.tokens = static_cast<uint32_t>(part.targets.size());
  plan.likelihoods.push_back(likelihood);
  plan.parts.push_back(std::move(part));
  return absl::OkStatus();
}

absl::StatusOr<CasePlan> PlanChoices(const EvalCase& eval_case, Ids prompt,
                                     const Tokenizer& tokenizer,
                                     uint32_t context_tokens) {
  CasePlan plan;
  plan.prompt_tokens = static_cast<uint32_t>(prompt.size());
  for (const std::string& choice : eval_case.choices) {
    PEDIGREE_ASSIGN_OR_RETURN(const Ids whole, tokenizer.EncodePrompt(Concat(
                                                   eval_case.prompt, choice)));
    PEDIGREE_RETURN_IF_ERROR(PlanChoice(prompt, whole, choice, tokenizer,
                                        context_tokens, plan));
  }
  return plan;
}

absl::StatusOr<CasePlan> PlanText(std::string_view text, const Ids& ids,
                                  const Tokenizer& tokenizer,
                                  uint32_t context_tokens) {
  const uint64_t positions = CountPositions(ids);
  if (positions == 0) return NoTokens("Text has no token to score");
  CasePlan plan;
  plan.prompt_tokens = static_cast<uint32_t>(ids.size());
  for (TextWindow& window :
       CutIntoWindows(ids, tokenizer.bos(), context_tokens, positions)) {
    PEDIGREE_RETURN_IF_ERROR(CheckTargets(tokenizer, window.targets));
    plan.parts.push_back(
        {std::move(window.inputs), std::move(window.targets)});
  }
  Likelihood likelihood;
  likelihood.text_digest = Sha256(text);
  likelihood.bytes = text.size();
  likelihood.context_tokens = 1;
  likelihood.tokens = static_cast<uint32_t>(positions);
  plan.likelihoods.push_back(likelihood);
  return plan;
}

}  // namespace

absl::StatusOr<CasePlan> PlanCase(const EvalCase& eval_case,
                                  const Tokenizer& tokenizer,
                                  uint32_t context_tokens) {
  PEDIGREE_ASSIGN_OR_RETURN(Ids prompt,
                            tokenizer.EncodePrompt(eval_case.prompt));
  const Scorer scorer = *FindScorer(eval_case.scorer);
  if (Generates(scorer)) {
    return PlanGeneration(std::move(prompt), context_tokens);
  }
  if (IsChoice(scorer)) {
    return PlanChoices(eval_case, std::move(prompt), tokenizer,
                       context_tokens);
  }
  return PlanText(eval_case.prompt, prompt, tokenizer, context_tokens);
}

}  // namespace pedigree
