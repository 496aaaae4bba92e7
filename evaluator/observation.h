// What was measured while a suite was run: read strictly, and kept apart from the
// evidence. Specification: docs/formats/evaluation.md, "Observations".

#ifndef PEDIGREE_EVALUATOR_OBSERVATION_H_
#define PEDIGREE_EVALUATOR_OBSERVATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"

namespace pedigree {

inline constexpr std::string_view kObservationSchema =
    "pedigree.observation.v1";

// One checked observation.
struct Observed {
  evaluator::Observation record;
  // SHA-256 of its bytes.
  std::string digest;
};

// Reads an observation's bytes.
//
// Errors: kInvalidArgument with the member and what is expected.
absl::StatusOr<Observed> ParseObservation(std::string_view text);

// The measure of that name, in millionths, if it was taken on that machine.
std::optional<int64_t> MeasureOn(const evaluator::Observation& observation,
                                 std::string_view machine,
                                 std::string_view measure);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_OBSERVATION_H_
