// The diagnostics document: what was counted, what was measured, and the state
// of the runtime. Specification: docs/formats/diagnostics.md.

#ifndef PEDIGREE_RUNTIME_DIAGNOSTICS_DIAGNOSTICS_H_
#define PEDIGREE_RUNTIME_DIAGNOSTICS_DIAGNOSTICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/generation/sampler.h"

namespace pedigree {

// Differs from run to run and between machines; never in a digest. All times
// are 0 when there is no clock.
struct Measured {
  bool has_clock = false;
  uint64_t load_ns = 0;
  uint64_t prefill_ns = 0;
  uint64_t decode_ns = 0;
  // KV cache, scratch, and what adapters take.
  uint64_t allocated_bytes = 0;
  // The packed copy of the weights.
  uint64_t repacked_bytes = 0;
  // Prompt tokens of the last generation that were not run again.
  uint32_t reused_prefix_tokens = 0;
  int threads = 1;
  // TargetName of the kernels.
  std::string_view target;
};

// Where the runtime stands.
struct RuntimeState {
  bool model_loaded = false;
  ErrorCode last_error = ErrorCode::kOk;
  SamplingConfig sampling;
  uint32_t kv_length = 0;
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  std::string_view stop_reason;
};

// What can reveal a prompt or an output; in the document only when asked for.
struct TokenDetail {
  std::vector<uint32_t> token_ids;
  // Of the logits that the last token was chosen from; empty before any.
  std::vector<float> logits;
  std::vector<Candidate> top_candidates;
};

// How many candidates TokenDetail lists.
inline constexpr uint32_t kTopCandidates = 5;

// The canonical JSON of the document. `counted` is null without a model.
std::string DiagnosticsDocument(const Json& counted, const Measured& measured,
                                const RuntimeState& state,
                                const std::optional<TokenDetail>& detail);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_DIAGNOSTICS_DIAGNOSTICS_H_
