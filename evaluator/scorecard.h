// Evidence on one assembly gathered into its fitness: one figure a line, each from
// a sidecar. Specification: docs/formats/evaluation.md, "Scorecard".

#ifndef PEDIGREE_EVALUATOR_SCORECARD_H_
#define PEDIGREE_EVALUATOR_SCORECARD_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"

namespace pedigree {

inline constexpr std::string_view kScorecardSchema = "pedigree.scorecard.v1";

// Names the meaning of a scorecard: the version changes when the same evidence
// would give other figures.
inline constexpr std::string_view kScorecardName = "pedigree.scorecard";
inline constexpr std::string_view kScorecardVersion = "1";

// Gathers sidecars of one assembly, which the first one names, one a suite.
// `notes` are what figures don't tell, by topic.
//
// Errors: kInvalidArgument without a sidecar, for two of one suite, or for one of
// another assembly or manifest: no score is inherited.
absl::StatusOr<evaluator::Scorecard> MakeScorecard(
    const std::vector<Evidence>& sidecars,
    const std::map<std::string, std::string>& notes);

// Reads a scorecard's bytes.
//
// Errors: kInvalidArgument.
absl::StatusOr<evaluator::Scorecard> ParseScorecard(std::string_view text);

// A table for people.
std::string ScorecardReport(const evaluator::Scorecard& scorecard);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_SCORECARD_H_
