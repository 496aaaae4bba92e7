// Runs a frozen suite against a loaded assembly and writes the sidecar.
// Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_
#define PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
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

// What evaluation needs of a runtime.
class CaseRunner {
 public:
  virtual ~CaseRunner() = default;
  virtual absl::StatusOr<Subject> GetSubject() = 0;
  // Runs every case of the queue that is wanted, each as in a fresh context.
  virtual absl::Status RunCases(CaseQueue& queue) = 0;
};

// How far a run is. Called now and then with the cases done, of all that are to
// be run.
using EvalProgress = std::function<void(uint64_t done, uint64_t total)>;

// Runs an eval request, canonical or hand-written JSON:
//
//   {"manifest_digest": "sha256:...", "source_kind": "deterministic-smoke",
//    "suite": {the frozen suite document},
//    "run": {"fail_fast": false, "filter_tags": [], "max_forward_passes": 0,
//            "omit_texts": false},
//    "shard": {"index": 0, "count": 1}}
//
// where "run", its members and "shard" may be left out, and returns the
// sidecar's bytes, canonical JSON, or, with "shard", those of the shard's
// record. A failing case is a result, not an error, and so is one that the model
// cannot answer: the codes ContextExceeded, GenerationFailed and
// OutputBufferExceeded are recorded as the case's stop reason,
// "error:ContextExceeded" for example.
//
// Errors: code InvalidEvalCases for a bad request or suite; any other error of
// `runner`, with the case's id where it is about one.
absl::StatusOr<std::string> RunEvalRequest(
    std::string_view request, CaseRunner& runner,
    const EvalProgress& progress = nullptr);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_
