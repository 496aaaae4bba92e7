// The records of a run's shards become its sidecar, the same bytes as if one
// action had run the whole suite. Specification: docs/formats/evaluation.md,
// "Shards".

#ifndef PEDIGREE_EVALUATOR_SHARDS_H_
#define PEDIGREE_EVALUATOR_SHARDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/run_record.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

// One checked record. `run.results` may be empty.
struct Shard {
  // Where it comes from, for messages.
  std::string name;
  uint32_t index = 0;
  uint32_t count = 1;
  RunRecord run;
};

// Reads a shard's record.
//
// Errors: kInvalidArgument with the member and both values.
absl::StatusOr<Shard> ParseShard(std::string_view name, std::string_view text);

// The bytes of the sidecar, canonical JSON.
//
// Errors: kInvalidArgument, naming the shard, where one is missing, given twice,
// of another run, or holds other cases than its part of `suite`.
absl::StatusOr<std::string> MergeShards(std::vector<Shard> shards,
                                        const Suite& suite);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_SHARDS_H_
