#include "evaluator/files.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluator/baseline.h"
#include "evaluator/observation.h"
#include "evaluator/policy.h"
#include "evaluator/sidecar.h"
#include "evaluator/suite_builder.h"
#include "evaluator/suite_lock.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

using EvidenceParser = absl::StatusOr<Evidence> (*)(std::string_view text);

absl::StatusOr<std::vector<Evidence>> ReadEvidence(
    const std::vector<std::string>& paths, EvidenceParser parse) {
  std::vector<Evidence> list;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxSidecarBytes));
    absl::StatusOr<Evidence> evidence = parse(text);
    if (!evidence.ok()) return AnnotateWithPath(evidence.status(), path);
    list.push_back(*std::move(evidence));
  }
  return list;
}

}  // namespace

absl::StatusOr<std::vector<CaseFile>> ReadCaseFiles(
    const std::vector<std::string>& paths) {
  std::vector<CaseFile> files;
  uint64_t rest = kMaxSuiteBytes;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string contents, ReadFile(path, rest));
    rest -= contents.size();
    files.push_back({path, std::move(contents)});
  }
  return files;
}

absl::StatusOr<Suite> ReadSuite(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxSuiteBytes));
  absl::StatusOr<Suite> suite = ParseFrozenSuite(text);
  if (!suite.ok()) return AnnotateWithPath(suite.status(), path);
  return suite;
}

absl::StatusOr<evaluator::SuiteLock> ReadLock(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxRecordBytes));
  absl::StatusOr<evaluator::SuiteLock> lock = ParseSuiteLock(text);
  if (!lock.ok()) return AnnotateWithPath(lock.status(), path);
  return lock;
}

absl::StatusOr<std::vector<Evidence>> ReadSidecars(
    const std::vector<std::string>& paths) {
  return ReadEvidence(paths, &ParseSidecar);
}

absl::StatusOr<std::vector<Evidence>> ReadBaselines(
    const std::vector<std::string>& paths) {
  return ReadEvidence(paths, &ParseBaseline);
}

absl::StatusOr<std::vector<Observed>> ReadObservations(
    const std::vector<std::string>& paths) {
  std::vector<Observed> list;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxRecordBytes));
    absl::StatusOr<Observed> observed = ParseObservation(text);
    if (!observed.ok()) return AnnotateWithPath(observed.status(), path);
    list.push_back(*std::move(observed));
  }
  return list;
}

absl::StatusOr<evaluator::GatePolicy> ReadPolicy(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxRecordBytes));
  absl::StatusOr<evaluator::GatePolicy> policy = ParsePolicy(text);
  if (!policy.ok()) return AnnotateWithPath(policy.status(), path);
  return policy;
}

absl::StatusOr<evaluator::Decision> ReadDecision(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxRecordBytes));
  evaluator::Decision decision;
  const absl::Status status =
      ParseCanonicalRecord(text, "decision", &decision);
  if (!status.ok()) return AnnotateWithPath(status, path);
  return decision;
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace pedigree
