// The counted part of the diagnostics: formulas over header, adapters and
// tokens, equal on every machine. Specification: docs/formats/diagnostics.md.

#ifndef PEDIGREE_RUNTIME_DIAGNOSTICS_COUNTED_H_
#define PEDIGREE_RUNTIME_DIAGNOSTICS_COUNTED_H_

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/json.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/model.h"

namespace pedigree {

inline constexpr std::string_view kDiagnosticsSchema =
    "pedigree.diagnostics.v1";

// What running tokens takes, each run in a fresh context, one at a time.
struct Work {
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
  // Tokens run, and those of them whose logits were needed.
  uint64_t forward_passes = 0;
  uint64_t logits_passes = 0;
  // Most positions of the context in use.
  uint64_t kv_peak_tokens = 0;
};

// The tokens of one generation.
struct TokenUse {
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  // As StopReasonName: whether the last token was run through the model.
  std::string_view stop_reason;
};

Work GenerationWork(const TokenUse& use);

// What running one token at a time on one thread takes, by the formulas of
// docs/formats/diagnostics.md: the same whatever a runtime allocates. `shape` is
// one that PlanMemory accepts.
uint64_t CountedScratchBytes(const ModelShape& shape);
uint64_t CountedKvBytes(const ModelShape& shape);

// The figures of an assembly, with a "use" of no tokens.
Json CountAssembly(const Model& model, const AdapterStack& adapters);

// Puts the sums over what was answered, cases or generations, in place of "use"
// of `counted`, which CountAssembly made.
void CountUse(absl::Span<const Work> answered, Json& counted);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_DIAGNOSTICS_COUNTED_H_
