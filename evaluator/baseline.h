// A sidecar as a file that people keep under version control and review: one case
// a line. Specification: docs/formats/evaluation.md, "Stored baselines".

#ifndef PEDIGREE_EVALUATOR_BASELINE_H_
#define PEDIGREE_EVALUATOR_BASELINE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluator/sidecar.h"

namespace pedigree {

// The stored form of a sidecar's bytes, which ParseSidecar has read: a line of
// the sidecar without its cases, then a line for each case, all canonical JSON.
std::string StoredBaseline(std::string_view sidecar);

// Reads a stored baseline, or a sidecar. The digest is the sidecar's either way.
//
// Errors: kInvalidArgument with the line; those of ParseSidecar.
absl::StatusOr<Evidence> ParseBaseline(std::string_view text);

// What the step from one baseline to another changes, for people, a line each:
// identities, the rate, cases lost, gained, added and removed.
std::string DescribeBaselineChange(const Evidence& before,
                                   const Evidence& after);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_BASELINE_H_
