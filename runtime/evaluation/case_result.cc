#include "runtime/evaluation/case_result.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "runtime/base/check.h"
#include "runtime/base/concat.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

Scorer ScorerOf(std::string_view name) {
  const std::optional<Scorer> scorer = FindScorer(name);
  PEDIGREE_CHECK(scorer.has_value());
  return *scorer;
}

// The members that come from the case.
CaseResult BeginResult(const EvalCase& eval_case, bool omit_texts) {
  CaseResult result;
  result.id = eval_case.id;
  result.prompt_digest = Sha256(eval_case.prompt);
  result.scorer = eval_case.scorer;
  const bool is_text = ScorerOf(eval_case.scorer) != Scorer::kBitsPerByte;
  if (!omit_texts || !is_text) result.expected = eval_case.expected;
  result.expected_digest = Sha256(eval_case.expected);
  result.actual_digest = Sha256("");
  result.hard = eval_case.hard;
  result.tags = eval_case.tags;
  result.source_cluster = eval_case.source_cluster;
  return result;
}

}  // namespace

CaseResult ScoreCase(const EvalCase& eval_case, const CaseOutput& output,
                     bool omit_texts) {
  CaseResult result = BeginResult(eval_case, omit_texts);
  result.prompt_tokens = output.prompt_tokens;
  result.generated_tokens = static_cast<uint32_t>(output.token_ids.size());
  result.stop_reason = output.stop_reason;
  if (!IsAnswered(result)) return result;
  result.likelihoods = output.likelihoods;
  const Scorer scorer = ScorerOf(eval_case.scorer);
  std::string answer = output.output;
  if (IsChoice(scorer)) {
    answer = eval_case.choices[Likeliest(result.likelihoods,
                                         scorer == Scorer::kChoiceNormalized)];
  } else if (scorer == Scorer::kBitsPerByte) {
    const Likelihood& text = result.likelihoods.front();
    answer = FormatMillionths(BitsPerByte(text.log_likelihood, text.bytes));
  }
  result.actual_digest = Sha256(answer);
  if (!omit_texts || scorer == Scorer::kBitsPerByte) {
    result.actual = ReplaceInvalidUtf8(answer);
  }
  result.passed = Generates(scorer)
                      ? Passes(scorer, answer, eval_case.expected)
                      : FollowsPassed(result, omit_texts);
  return result;
}

CaseResult NotRun(const EvalCase& eval_case, std::string_view reason,
                  bool omit_texts) {
  CaseResult result = BeginResult(eval_case, omit_texts);
  ForgetResult(reason, result);
  return result;
}

void ForgetResult(std::string_view reason, CaseResult& result) {
  result.actual.clear();
  result.actual_digest = Sha256("");
  result.passed = false;
  result.prompt_tokens = 0;
  result.generated_tokens = 0;
  result.stop_reason = Concat(kNotRunPrefix, reason);
  result.likelihoods.clear();
}

bool IsError(const CaseResult& result) {
  return absl::StartsWith(result.stop_reason, kErrorPrefix);
}

bool IsNotRun(const CaseResult& result) {
  return absl::StartsWith(result.stop_reason, kNotRunPrefix);
}

bool IsAnswered(const CaseResult& result) {
  return !IsError(result) && !IsNotRun(result);
}

bool FollowsPassed(const CaseResult& result, bool omit_texts) {
  // Without an output no case passes, not even one that expects nothing.
  if (!IsAnswered(result)) return false;
  switch (const Scorer scorer = ScorerOf(result.scorer)) {
    case Scorer::kExactMatch:
      return result.actual_digest == result.expected_digest;
    case Scorer::kPrefix:
    case Scorer::kContains:
      // The text tells all but bytes that were no UTF-8.
      return omit_texts ? result.passed
                        : Passes(scorer, result.actual, result.expected);
    case Scorer::kChoice:
    case Scorer::kChoiceNormalized:
      return result
                 .likelihoods[Likeliest(result.likelihoods,
                                        scorer == Scorer::kChoiceNormalized)]
                 .text_digest == result.expected_digest;
    case Scorer::kBitsPerByte: {
      const Likelihood& text = result.likelihoods.front();
      const std::optional<int64_t> most = ParseMillionths(result.expected);
      return most.has_value() &&
             BitsPerByte(text.log_likelihood, text.bytes) <=
                 static_cast<uint64_t>(*most);
    }
  }
  return false;
}

Work CaseWork(const CaseResult& result, uint32_t context_tokens) {
  if (!IsAnswered(result)) return {};
  if (Generates(ScorerOf(result.scorer))) {
    return GenerationWork({result.prompt_tokens, result.generated_tokens,
                           result.stop_reason});
  }
  Work work;
  for (const Likelihood& text : result.likelihoods) {
    const uint64_t passes = uint64_t{text.context_tokens} + text.tokens - 1;
    work.forward_passes += passes;
    work.logits_passes += text.tokens;
    work.kv_peak_tokens = std::max<uint64_t>(
        work.kv_peak_tokens, std::min<uint64_t>(passes, context_tokens));
  }
  work.prompt_tokens = result.prompt_tokens;
  return work;
}

Json CaseResultToJson(const CaseResult& result) {
  Json likelihoods = Json::array();
  for (const Likelihood& text : result.likelihoods) {
    likelihoods.push_back(
        {{"text_digest", text.text_digest.ToString()},
         {"bytes", Concat(text.bytes)},
         {"context_tokens", text.context_tokens},
         {"tokens", text.tokens},
         {"log_likelihood", FormatSignedMillionths(text.log_likelihood)}});
  }
  return Json{{"id", result.id},
              {"prompt_digest", result.prompt_digest.ToString()},
              {"scorer", result.scorer},
              {"expected", result.expected},
              {"expected_digest", result.expected_digest.ToString()},
              {"actual", result.actual},
              {"actual_digest", result.actual_digest.ToString()},
              {"passed", result.passed},
              {"prompt_tokens", result.prompt_tokens},
              {"generated_tokens", result.generated_tokens},
              {"stop_reason", result.stop_reason},
              {"hard", result.hard},
              {"tags", result.tags},
              {"source_cluster", result.source_cluster},
              {"likelihoods", std::move(likelihoods)}};
}

}  // namespace pedigree
