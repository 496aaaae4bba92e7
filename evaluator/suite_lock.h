// The lock of a suite: what its cases were when it was frozen. A suite that
// drifts from its lock is refused, case by case.

#ifndef PEDIGREE_EVALUATOR_SUITE_LOCK_H_
#define PEDIGREE_EVALUATOR_SUITE_LOCK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

inline constexpr std::string_view kSuiteLockSchema = "pedigree.suite_lock.v1";

// The lock of `suite` as it is now.
evaluator::SuiteLock MakeSuiteLock(const Suite& suite);

// The lock file's bytes: text format, one case a line, so that a change reads
// well in review.
std::string SuiteLockText(const evaluator::SuiteLock& lock);

// Errors: kInvalidArgument with line and column, or for another schema.
absl::StatusOr<evaluator::SuiteLock> ParseSuiteLock(std::string_view text);

// How `suite` differs from `lock`: a phrase for each difference in name,
// version and cases, for example `changed case "a" (sha256:1..., locked
// sha256:2...)`. Empty when it does not.
std::vector<std::string> SuiteDrift(const Suite& suite,
                                    const evaluator::SuiteLock& lock);

// OK when `suite` is what `lock` says. `freeze_command` ends the message.
//
// Errors: kFailedPrecondition with every difference.
absl::Status CheckSuiteLock(const Suite& suite,
                            const evaluator::SuiteLock& lock,
                            std::string_view freeze_command);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_SUITE_LOCK_H_
