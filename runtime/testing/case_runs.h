// Cases run one by one, for tests.

#ifndef PEDIGREE_RUNTIME_TESTING_CASE_RUNS_H_
#define PEDIGREE_RUNTIME_TESTING_CASE_RUNS_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/evaluate.h"

namespace pedigree {

// A runner that needs no model.
class OneByOneRunner : public CaseRunner {
 public:
  absl::StatusOr<std::unique_ptr<CaseRun>> StartCases(
      CaseQueue& queue) override;
  virtual absl::StatusOr<CaseOutput> Answer(const EvalCase& eval_case) = 0;
};

// What `runner` makes of an exact-match case. An error of the case comes back
// as one of the run.
absl::StatusOr<CaseOutput> RunOneCase(CaseRunner& runner,
                                      std::string_view prompt,
                                      uint32_t max_new_tokens);
// The same for any case.
absl::StatusOr<CaseOutput> RunOneCase(CaseRunner& runner,
                                      const EvalCase& eval_case);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TESTING_CASE_RUNS_H_
