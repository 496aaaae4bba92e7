// Runs a frozen suite against a loaded assembly and writes the sidecar.
// Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_
#define PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/sidecar.h"

namespace pedigree {

// Cases as a runner takes them and gives them back.
class CaseQueue {
 public:
  virtual ~CaseQueue() = default;

  virtual absl::Span<const EvalCase> cases() const = 0;
  // Whether cases should be run in their order, as the result of one may make
  // those behind it unwanted. It is a wish: what is done out of order is done in
  // vain at worst.
  virtual bool in_order() const = 0;
  // Whether the result of that case is still of use.
  virtual bool IsWanted(size_t index) const = 0;
  // The result of a case that was wanted. An error that is no answer of the model
  // comes back, and the run is to end with it.
  virtual absl::Status Done(size_t index,
                            absl::StatusOr<CaseOutput> output) = 0;
};

// Cases on their way. To be destroyed before its queue and its runner.
class CaseRun {
 public:
  virtual ~CaseRun() = default;
  // Takes the cases a step further, in bounded time; false when none that is
  // wanted is left. The run ends with an error.
  virtual absl::StatusOr<bool> Step() = 0;
};

// What evaluation needs of a runtime.
class CaseRunner {
 public:
  virtual ~CaseRunner() = default;
  virtual absl::StatusOr<Subject> GetSubject() = 0;
  // A run of every case of the queue that is wanted, each as in a fresh context.
  virtual absl::StatusOr<std::unique_ptr<CaseRun>> StartCases(
      CaseQueue& queue) = 0;
};

// An eval request on its way. It is canonical or hand-written JSON:
//
//   {"manifest_digest": "sha256:...", "source_kind": "deterministic-smoke",
//    "suite": {the frozen suite document},
//    "run": {"fail_fast": false, "filter_tags": [], "max_forward_passes": 0,
//            "omit_texts": false},
//    "shard": {"index": 0, "count": 1}}
//
// where "run", its members and "shard" may be left out. A failing case is a
// result, not an error, and so is one that the model cannot answer: the codes
// ContextExceeded, GenerationFailed and OutputBufferExceeded are recorded as the
// case's stop reason, "error:ContextExceeded" for example.
class EvalRun {
 public:
  // `runner` must outlive the run.
  //
  // Errors: code InvalidEvalCases for a bad request or suite; those of `runner`.
  static absl::StatusOr<std::unique_ptr<EvalRun>> Begin(
      std::string_view request, CaseRunner& runner);
  ~EvalRun();

  // Takes the cases a step further; false when none is left.
  //
  // Errors: those of the runner, with the case's id where it is about one. They
  // end the run.
  absl::StatusOr<bool> Step();

  // Cases that were run, of all that are to be; fewer where the run may end early.
  uint64_t done() const;
  uint64_t total() const;

  // Once no case is left, and once only: the sidecar's bytes, canonical JSON, or,
  // with "shard", those of the shard's record.
  //
  // Errors: code InvalidLength while cases are left.
  absl::StatusOr<std::string> Finish();

 private:
  struct State;
  explicit EvalRun(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// How far a run is. Called now and then with the cases done, of all that are to
// be run.
using EvalProgress = std::function<void(uint64_t done, uint64_t total)>;

// Such a run from begin to end.
absl::StatusOr<std::string> RunEvalRequest(
    std::string_view request, CaseRunner& runner,
    const EvalProgress& progress = nullptr);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_
