// The records that the runtime writes of a run, a sidecar or one of a shard, read
// back: what follows from their other members is what follows.

#ifndef PEDIGREE_EVALUATOR_RUN_RECORD_H_
#define PEDIGREE_EVALUATOR_RUN_RECORD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "runtime/base/json.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/sidecar.h"

namespace pedigree {

// A run as the runtime had it.
struct RunRecord {
  RunFacts facts;
  // In the record's order, ascending by id; what follows from other members is
  // computed anew.
  std::vector<CaseResult> results;
};

// Reads the members that sidecars and shards have in common. `what` begins errors:
// "sidecar".
//
// Errors: kInvalidArgument with the member and both values.
absl::StatusOr<RunRecord> ReadRun(std::string_view what,
                                  const evaluator::Sidecar& sidecar);
absl::StatusOr<RunRecord> ReadRun(std::string_view what,
                                  const evaluator::SidecarShard& shard);

// OK when the record `found` is `expected`, but for numerics versions, which both
// have.
//
// Errors: kInvalidArgument with the first member that differs, and both values.
absl::Status CheckRecord(std::string_view what, const Json& found,
                         Json expected);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_RUN_RECORD_H_
