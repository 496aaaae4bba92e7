// The sidecar of a run, from who ran and what came of each case.
// Specification: docs/formats/evaluation.md, "Sidecar" and "Shards".

#ifndef PEDIGREE_RUNTIME_EVALUATION_SIDECAR_H_
#define PEDIGREE_RUNTIME_EVALUATION_SIDECAR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"

namespace pedigree {

inline constexpr std::string_view kSidecarSchema = "pedigree.sidecar.v1";
inline constexpr std::string_view kShardSchema = "pedigree.sidecar_shard.v1";

// Names the meaning of a sidecar, not a binary: the version changes when the
// same assembly, suite and numerics would give another sidecar.
inline constexpr std::string_view kEvaluatorName = "pedigree.evaluation";
inline constexpr std::string_view kEvaluatorVersion = "3";

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

// What limits a run, and what of it is kept. The cases are run in suite order,
// as far as these tell.
struct RunOptions {
  // Whether no case is run behind the first that fails.
  bool fail_fast = false;
  // When not empty, only cases that have one of these tags are run. Sorted, no
  // two equal.
  std::vector<std::string> filter_tags;
  // When not 0, no case is run once those before have taken so many forward
  // passes, counted as in "use" of the diagnostics.
  uint64_t max_forward_passes = 0;
  // Whether the sidecar holds digests in place of expected and actual texts.
  bool omit_texts = false;
};

// All of a sidecar that its cases do not tell.
struct RunFacts {
  Subject subject;
  std::string manifest_digest;
  std::string source_kind;
  std::string suite_name;
  std::string suite_version;
  std::string suite_digest;
  RunOptions options;
};

// Whether `eval_case` is run at all under the filter.
bool IsChosen(const RunOptions& options, const std::vector<std::string>& tags);

// Where a run under `options` ends, told case by case, in suite order.
class RunEnd {
 public:
  RunEnd(const RunOptions& options, uint32_t context_tokens)
      : options_(options), context_tokens_(context_tokens) {}

  // Why the next case is not run: "", "fail-fast" or "limit".
  std::string_view reason() const { return reason_; }
  // Whether a run may end before its last case.
  bool may_come() const {
    return options_.fail_fast || options_.max_forward_passes > 0;
  }
  // The next case was run, or left out by the filter.
  void Note(const CaseResult& result);

 private:
  const RunOptions& options_;
  const uint32_t context_tokens_;
  uint64_t forward_passes_ = 0;
  std::string_view reason_;
};

// Makes cases behind the run's end ones that were not run.
//
// Errors: kInvalidArgument for a case that was not run though nothing ended the
// run before it and the filter chooses it, or was run though the filter does
// not.
absl::Status ApplyRunEnd(const RunFacts& facts,
                         std::vector<CaseResult>& results);

// The sidecar of all cases of a suite, in its order; at least one. ApplyRunEnd
// has seen to the results. `facts` are checked.
Json SidecarJson(const RunFacts& facts, absl::Span<const CaseResult> results);

// What the sidecar of a run and all its shards' records have in common: that of
// a shard without its place and its cases.
Json FactsJson(const RunFacts& facts);

// The record of one shard of a run: `index` of `count`, from 0.
Json ShardJson(const RunFacts& facts, uint32_t index, uint32_t count,
               absl::Span<const CaseResult> results);

// The cases of shard `index` of `count`, by their places in the suite, from
// `begin` to before `end`. Every case is in one shard; a shard may be empty.
struct ShardRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};
ShardRange CasesOfShard(uint64_t cases, uint32_t index, uint32_t count);

// More shards than that are refused.
inline constexpr uint32_t kMaxShards = 10000;

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_SIDECAR_H_
