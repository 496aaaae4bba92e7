#include "evaluator/suite_lock.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

using evaluator::CaseLock;
using evaluator::SuiteLock;

// A name or digest, which needs no escaping, as a field of the text format.
std::string Field(std::string_view name, std::string_view value) {
  return absl::StrCat(name, ": \"", value, "\"");
}

// Adds a phrase when a suite's `what` is not the locked one.
void CompareText(std::string_view what, std::string_view found,
                 std::string_view locked, std::vector<std::string>& drift) {
  if (found == locked) return;
  drift.push_back(
      absl::StrCat(what, " \"", found, "\" (locked \"", locked, "\")"));
}

}  // namespace

SuiteLock MakeSuiteLock(const Suite& suite) {
  SuiteLock lock;
  lock.set_schema_version(std::string(kSuiteLockSchema));
  lock.set_name(suite.name);
  lock.set_version(suite.version);
  lock.set_suite_digest(SuiteDigest(suite).ToString());
  for (const EvalCase& eval_case : suite.cases) {
    CaseLock& case_lock = *lock.add_cases();
    case_lock.set_id(eval_case.id);
    case_lock.set_digest(EvalCaseDigest(eval_case).ToString());
  }
  return lock;
}

std::string SuiteLockText(const SuiteLock& lock) {
  std::string text = absl::StrCat(
      "# Written by freezing the suite; edit the cases and freeze it anew.\n",
      Field("schema_version", lock.schema_version()), "\n",
      Field("name", lock.name()), "\n", Field("version", lock.version()), "\n",
      Field("suite_digest", lock.suite_digest()), "\n");
  for (const CaseLock& case_lock : lock.cases()) {
    absl::StrAppend(&text, "cases { ", Field("id", case_lock.id()), " ",
                    Field("digest", case_lock.digest()), " }\n");
  }
  return text;
}

absl::StatusOr<SuiteLock> ParseSuiteLock(std::string_view text) {
  SuiteLock lock;
  PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(text, "suite lock", &lock));
  if (lock.schema_version() != kSuiteLockSchema) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid suite lock: \"schema_version\" is \"", lock.schema_version(),
        "\" (expected \"", kSuiteLockSchema, "\")"));
  }
  return lock;
}

std::vector<std::string> SuiteDrift(const Suite& suite,
                                    const SuiteLock& lock) {
  std::vector<std::string> drift;
  CompareText("name", suite.name, lock.name(), drift);
  CompareText("version", suite.version, lock.version(), drift);
  std::map<std::string, std::string> locked;
  for (const CaseLock& case_lock : lock.cases()) {
    locked[case_lock.id()] = case_lock.digest();
  }
  for (const EvalCase& eval_case : suite.cases) {
    const std::string digest = EvalCaseDigest(eval_case).ToString();
    const auto entry = locked.find(eval_case.id);
    if (entry == locked.end()) {
      drift.push_back(absl::StrCat("added case \"", eval_case.id, "\""));
      continue;
    }
    if (entry->second != digest) {
      drift.push_back(absl::StrCat("changed case \"", eval_case.id, "\" (",
                                   digest, ", locked ", entry->second, ")"));
    }
    locked.erase(entry);
  }
  for (const auto& [id, digest] : locked) {
    drift.push_back(absl::StrCat("removed case \"", id, "\""));
  }
  // Only a lock edited by hand gets here with nothing found.
  if (drift.empty()) {
    CompareText("suite digest", SuiteDigest(suite).ToString(),
                lock.suite_digest(), drift);
  }
  return drift;
}

absl::Status CheckSuiteLock(const Suite& suite, const SuiteLock& lock,
                            std::string_view freeze_command) {
  const std::vector<std::string> drift = SuiteDrift(suite, lock);
  if (drift.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "Suite \"", suite.name, "\" drifted from its lock: ",
      absl::StrJoin(drift, ", "), "; to freeze it anew: ", freeze_command));
}

}  // namespace pedigree
