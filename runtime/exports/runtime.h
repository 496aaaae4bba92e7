// One loaded model with its adapters, context and diagnostics: what the
// command and the WebAssembly module both drive.

#ifndef PEDIGREE_RUNTIME_EXPORTS_RUNTIME_H_
#define PEDIGREE_RUNTIME_EXPORTS_RUNTIME_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/generation/sampler.h"

namespace pedigree {

// Not thread-safe, but for RequestCancel. A failed call leaves the loaded model, its
// adapters and the sampling settings as they were, and, unless its comment says
// otherwise, the generation in progress.
class Runtime : public CaseRunner {
 public:
  explicit Runtime(const EngineConfig& config = {});
  ~Runtime() override;

  // Loads a model and drops the previous one, its adapters and context.
  // Borrows `file_bytes`, which must be 4-byte aligned, until FreeModel, the
  // next successful LoadModel or destruction.
  //
  // Errors: those of Engine::Load.
  absl::Status LoadModel(ByteSpan file_bytes);
  // The same of bytes that the runtime keeps, and of which nothing is read as a
  // model before they have shown to be those expected.
  absl::Status LoadModel(
      std::unique_ptr<const ByteSource> source,
      const std::optional<Digest>& expected_digest = std::nullopt);

  // Whether the adapter may be applied now; changes nothing.
  absl::Status ValidateAdapter(ByteSpan adapter_bytes,
                               const ApplyOptions& options = {});
  // Validates, then applies on top of those applied before: all or nothing.
  // Clears the context. Does not keep `adapter_bytes`.
  absl::Status ApplyAdapter(ByteSpan adapter_bytes,
                            const ApplyOptions& options = {});
  // Back to the base model, exactly. Clears the context.
  absl::Status ResetAdapters();

  // How the generations that begin from now on choose tokens.
  absl::Status SetSampling(const SamplingConfig& config);

  // Generates from `prompt` in a fresh context. `on_bytes`, when set, gets the
  // output as it comes and returns false to cancel, which is no error. When the
  // prompt is refused, the generation before stays; after other errors there is
  // none.
  absl::StatusOr<Generation> Generate(
      std::string_view prompt, uint32_t max_new_tokens,
      const std::function<bool(std::string_view)>& on_bytes = nullptr);

  // Step by step: BeginGeneration prefills; each NextToken yields the bytes of
  // one more token, or nothing when generation has ended or none has begun. Errors
  // end it, as above.
  absl::Status BeginGeneration(std::string_view prompt,
                               uint32_t max_new_tokens);
  absl::StatusOr<std::optional<std::string>> NextToken();

  // The generation or eval run in progress, or else the next one, fails with code
  // Cancelled. May be called from any thread.
  void RequestCancel();

  // Begins a run of an eval request, and drops the generation in progress. The
  // run ends with the next one, with a generation that is begun (or refused), and
  // when the context is cleared or the model goes.
  absl::Status BeginEval(std::string_view request);
  // Null when there is none.
  EvalRun* eval();
  void EndEval();

  // CaseRunner: config.sequences cases at a time, as memory has room. Drops the
  // generation or eval run in progress. Of the other calls of this class only
  // RequestCancel may come before the cases are destroyed.
  absl::StatusOr<Subject> GetSubject() override;
  absl::StatusOr<std::unique_ptr<CaseRun>> StartCases(
      CaseQueue& queue) override;

  // Forgets prompt and output.
  absl::Status ResetContext();
  absl::Status FreeModel();
  bool model_loaded() const;

  // The diagnostics document (docs/formats/diagnostics.md), canonical JSON.
  std::string Diagnostics() const;
  // Whether the document shows token ids and logits. Default: false.
  void ShowTokenDetail(bool show);
  // Notes the outcome of a call as "last error" in the diagnostics.
  void NoteStatus(const absl::Status& status);
  // Nanoseconds that only grow; without a clock no time is measured.
  void SetClock(std::function<uint64_t()> clock_ns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EXPORTS_RUNTIME_H_
