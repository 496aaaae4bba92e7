// Gate policies: what a candidate's evidence must show. Specification:
// docs/formats/evaluation.md, "Gate policy".

#ifndef PEDIGREE_EVALUATOR_POLICY_H_
#define PEDIGREE_EVALUATOR_POLICY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"

namespace pedigree {

inline constexpr std::string_view kPolicySchema = "pedigree.gate_policy.v1";

// Reads a policy, hand-written text format or the canonical JSON that a packet
// holds (which starts with "{"), and checks every value.
//
// Errors: kInvalidArgument with the member, what was found and what is allowed.
absl::StatusOr<evaluator::GatePolicy> ParsePolicy(std::string_view text);

// Reads a decimal in [0, 1] with at most six digits after the point, "0.95"
// for example, as millionths: exactly, whatever the machine's floating point.
//
// Errors: kInvalidArgument; `what` names the member.
absl::StatusOr<uint32_t> ParseUnitDecimal(std::string_view what,
                                          std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_POLICY_H_
