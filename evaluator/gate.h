// The gate: a policy, evidence and a baseline in, one decision out.
// Specification: docs/formats/evaluation.md, "Verdicts" and "Decision".

#ifndef PEDIGREE_EVALUATOR_GATE_H_
#define PEDIGREE_EVALUATOR_GATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/observation.h"
#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

inline constexpr std::string_view kDecisionSchema = "pedigree.decision.v1";

// Names the meaning of a decision: the version changes when the same policy
// and evidence would be decided otherwise.
inline constexpr std::string_view kGateName = "pedigree.gate";
inline constexpr std::string_view kGateVersion = "2";

inline constexpr std::string_view kPass = "PASS";
inline constexpr std::string_view kFailFloor = "FAIL-FLOOR";
inline constexpr std::string_view kFailRegression = "FAIL-REGRESSION";
inline constexpr std::string_view kFailHardCase = "FAIL-HARD-CASE";
inline constexpr std::string_view kNotComparable = "NOT-COMPARABLE";
inline constexpr std::string_view kMissing = "MISSING";

// What a gate looks at.
struct GateInput {
  evaluator::GatePolicy policy;
  // Of the candidate, which the first one names; at least one.
  std::vector<Evidence> sidecars;
  std::vector<Evidence> baselines;
  // When a sidecar's suite is here, its cases must be the suite's.
  std::vector<Suite> suites;
  // What was measured; only the policy's observation_caps look at it.
  std::vector<Observed> observations;
  // When not empty, the manifest that every sidecar must name.
  std::string manifest_digest;
};

// Judges the evidence: every reason is listed, not only the first, and the
// verdict is the gravest one of them (MISSING, NOT-COMPARABLE, FAIL-HARD-CASE,
// FAIL-FLOOR, FAIL-REGRESSION, in that order), or PASS.
//
// Errors: kInvalidArgument without a sidecar, or for two sidecars, baselines or
// suites of one name.
absl::StatusOr<evaluator::Decision> Decide(const GateInput& input);

// Whether `verdict` is one of the six.
bool IsVerdict(std::string_view verdict);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_GATE_H_
