// The evaluator's files, read for its commands.

#ifndef PEDIGREE_EVALUATOR_FILES_H_
#define PEDIGREE_EVALUATOR_FILES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/observation.h"
#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"
#include "evaluator/suite_builder.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

// Policies, locks and decisions are small; sidecars grow with their suite.
inline constexpr uint64_t kMaxRecordBytes = 64 << 20;
inline constexpr uint64_t kMaxSidecarBytes = 1 << 30;

// Each reads files and names the one that is refused.
//
// Errors: those of reading a file, and of the parser.
absl::StatusOr<std::vector<CaseFile>> ReadCaseFiles(
    const std::vector<std::string>& paths);
absl::StatusOr<Suite> ReadSuite(const std::string& path);
absl::StatusOr<evaluator::SuiteLock> ReadLock(const std::string& path);
absl::StatusOr<std::vector<Evidence>> ReadSidecars(
    const std::vector<std::string>& paths);
// Sidecars, or stored ones.
absl::StatusOr<std::vector<Evidence>> ReadBaselines(
    const std::vector<std::string>& paths);
absl::StatusOr<std::vector<Observed>> ReadObservations(
    const std::vector<std::string>& paths);
absl::StatusOr<evaluator::GatePolicy> ReadPolicy(const std::string& path);
absl::StatusOr<evaluator::Decision> ReadDecision(const std::string& path);

// Writes to standard output.
void Print(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_FILES_H_
