// Runs a frozen suite against a loaded assembly and writes the sidecar.
// Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_
#define PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kSidecarSchema = "pedigree.sidecar.v1";

// Names the meaning of a sidecar, not a binary: the version changes when the
// same assembly, suite and numerics would give another sidecar.
inline constexpr std::string_view kEvaluatorName = "pedigree.evaluation";
inline constexpr std::string_view kEvaluatorVersion = "2";

// Who is being evaluated.
struct Subject {
  Digest model_digest;
  std::vector<Digest> adapter_digests;  // in application order
  // SHA-256 of the canonical JSON {"adapters":[...],"base":"sha256:..."};
  // names the assembly everywhere, with and without adapters.
  Digest assembly_digest;
  // Receipts by which adapters that were made for a sibling of the model were
  // accepted (docs/formats/adapter.md, "Siblings"); ascending.
  std::vector<Digest> parent_receipt_digests;
  // Counted diagnostics of the assembly, with no use
  // (docs/formats/diagnostics.md).
  Json counted;
};

// What one case produced.
struct CaseOutput {
  std::string output;  // raw bytes
  std::vector<uint32_t> token_ids;
  uint32_t prompt_tokens = 0;
  std::string stop_reason;
};

// What evaluation needs of a runtime.
class CaseRunner {
 public:
  virtual ~CaseRunner() = default;
  virtual absl::StatusOr<CaseOutput> RunCase(std::string_view prompt,
                                             uint32_t max_new_tokens) = 0;
  virtual absl::StatusOr<Subject> GetSubject() = 0;
};

// Runs an eval request, canonical or hand-written JSON:
//
//   {"manifest_digest": "sha256:...", "source_kind": "deterministic-smoke",
//    "suite": {the frozen suite document}}
//
// and returns the sidecar's bytes, canonical JSON. A failing case is a result,
// not an error, and so is one that the model cannot answer: the codes
// ContextExceeded, GenerationFailed and OutputBufferExceeded are recorded as
// the case's stop reason, "error:ContextExceeded" for example.
//
// Errors: code InvalidEvalCases for a bad request or suite; any other error of
// `runner`, with the case's id.
absl::StatusOr<std::string> RunEvalRequest(std::string_view request,
                                           CaseRunner& runner);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_EVALUATE_H_
