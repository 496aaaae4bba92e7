// What a run says of one case. Specification: docs/formats/evaluation.md,
// "Sidecar".

#ifndef PEDIGREE_RUNTIME_EVALUATION_CASE_RESULT_H_
#define PEDIGREE_RUNTIME_EVALUATION_CASE_RESULT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/diagnostics/counted.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/log_likelihood.h"

namespace pedigree {

// The stop reason of a case that was scored by log-likelihood.
inline constexpr std::string_view kScored = "scored";
// What precedes the error code's name in the stop reason of a case that the
// model could not answer, and the reason in that of one that was not run.
inline constexpr std::string_view kErrorPrefix = "error:";
inline constexpr std::string_view kNotRunPrefix = "not-run:";

// What the model made of one case.
struct CaseOutput {
  std::string output;  // raw bytes
  std::vector<uint32_t> token_ids;
  // Of the prompt by itself.
  uint32_t prompt_tokens = 0;
  std::string stop_reason;
  // One for each choice, or that of the text; none for scorers that generate.
  std::vector<Likelihood> likelihoods;
};

// A row of a sidecar.
struct CaseResult {
  std::string id;
  Digest prompt_digest;
  std::string scorer;
  // Texts; `expected` and `actual` are empty where the run omits them.
  std::string expected;
  Digest expected_digest;
  // Output with invalid UTF-8 replaced, the chosen text, or bits per byte.
  std::string actual;
  // Of the raw bytes.
  Digest actual_digest;
  bool passed = false;
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  std::string stop_reason;
  bool hard = false;
  std::vector<std::string> tags;
  std::string source_cluster;
  std::vector<Likelihood> likelihoods;
};

// Scores an output.
CaseResult ScoreCase(const EvalCase& eval_case, const CaseOutput& output,
                     bool omit_texts);

// The result of a case that was not run, for example for "filter".
CaseResult NotRun(const EvalCase& eval_case, std::string_view reason,
                  bool omit_texts);

// Turns a result into one that was not run.
void ForgetResult(std::string_view reason, CaseResult& result);

bool IsError(const CaseResult& result);
bool IsNotRun(const CaseResult& result);
// Whether it has an answer of the model, right or wrong.
bool IsAnswered(const CaseResult& result);

// What follows from a result's other members: whether it passed. With texts
// omitted, that of a prefix or contains case cannot be told and stays.
bool FollowsPassed(const CaseResult& result, bool omit_texts);

// The work that the case takes by itself, in a fresh context of at most
// `context_tokens`; none without an answer.
Work CaseWork(const CaseResult& result, uint32_t context_tokens);

// As in the sidecar.
Json CaseResultToJson(const CaseResult& result);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_CASE_RESULT_H_
