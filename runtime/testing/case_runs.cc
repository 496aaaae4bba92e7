#include "runtime/testing/case_runs.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/evaluate.h"

namespace pedigree {
namespace {

class OneCase : public CaseQueue {
 public:
  explicit OneCase(const EvalCase& eval_case) : case_(eval_case) {}

  absl::Span<const EvalCase> cases() const override { return {&case_, 1}; }
  bool in_order() const override { return true; }
  bool IsWanted(size_t) const override { return !output_.has_value(); }
  absl::Status Done(size_t, absl::StatusOr<CaseOutput> output) override {
    output_ = std::move(output);
    return absl::OkStatus();
  }

  absl::StatusOr<CaseOutput> Take() {
    if (output_.has_value()) return *std::move(output_);
    return absl::InternalError("the case was not run");
  }

 private:
  const EvalCase case_;
  std::optional<absl::StatusOr<CaseOutput>> output_;
};

class OneByOneRun : public CaseRun {
 public:
  OneByOneRun(OneByOneRunner& runner, CaseQueue& queue)
      : runner_(runner), queue_(queue) {}

  absl::StatusOr<bool> Step() override {
    while (next_ < queue_.cases().size() && !queue_.IsWanted(next_)) ++next_;
    if (next_ == queue_.cases().size()) return false;
    const size_t index = next_++;
    PEDIGREE_RETURN_IF_ERROR(
        queue_.Done(index, runner_.Answer(queue_.cases()[index])));
    return true;
  }

 private:
  OneByOneRunner& runner_;
  CaseQueue& queue_;
  size_t next_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CaseRun>> OneByOneRunner::StartCases(
    CaseQueue& queue) {
  return std::make_unique<OneByOneRun>(*this, queue);
}

absl::StatusOr<CaseOutput> RunOneCase(CaseRunner& runner,
                                      std::string_view prompt,
                                      uint32_t max_new_tokens) {
  EvalCase eval_case;
  eval_case.id = "case";
  eval_case.prompt = std::string(prompt);
  eval_case.max_new_tokens = max_new_tokens;
  return RunOneCase(runner, eval_case);
}

absl::StatusOr<CaseOutput> RunOneCase(CaseRunner& runner,
                                      const EvalCase& eval_case) {
  OneCase queue(eval_case);
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<CaseRun> run,
                            runner.StartCases(queue));
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(const bool more, run->Step());
    if (!more) return queue.Take();
  }
}

}  // namespace pedigree
