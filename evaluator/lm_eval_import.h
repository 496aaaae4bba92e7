// Cases from the files of lm-evaluation-harness: what it was asked to score or
// generate. Specification: docs/formats/evaluation.md, "Import".

#ifndef PEDIGREE_EVALUATOR_LM_EVAL_IMPORT_H_
#define PEDIGREE_EVALUATOR_LM_EVAL_IMPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/suite_builder.h"
#include "runtime/evaluation/eval_case.h"

namespace pedigree {

struct LmEvalOptions {
  // Before the number of each document in the ids of cases: "arc/00042".
  std::string id_prefix;
  // Of all cases, besides.
  std::vector<std::string> tags;
  // Of cases with choices, and of the others.
  std::string choice_scorer = "choice";
  std::string text_scorer = "exact-match";
  // Between a prompt and what follows it, where a file does not say it with the
  // texts: documents, and the targets of generations.
  std::string delimiter = " ";
};

// Reads JSON Lines of two kinds, told apart by "arguments":
//
//   samples, which the harness logs (--log_samples): prompts as it rendered them,
//   continuations or stop strings, and the target
//   documents: "query" ("question", "prompt", "ctx"), "choices" and "gold"
//   ("answer", "label", "answerKey"), as tasks of multiple choice have them; or
//   without choices a text to generate ("answer", "target", "completion") and
//   "until"
//
// A sample that a filter logs again is one case.
//
// Errors: code InvalidEvalCases, "<path>:<line>: ...".
absl::StatusOr<std::vector<EvalCase>> ImportLmEval(
    const std::vector<CaseFile>& files, const LmEvalOptions& options);

// One case a line, without members that have their defaults.
std::string CaseLines(const std::vector<EvalCase>& cases);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_LM_EVAL_IMPORT_H_
