// Any bytes: the readers of case files, suites, locks, policies and sidecars
// refuse them or give what reads back unchanged.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "evaluator/policy.h"
#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"
#include "evaluator/suite_builder.h"
#include "evaluator/suite_lock.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

void ReadSuite(const std::string& text) {
  const auto built = BuildSuite("suite", "1", {{"cases.jsonl", text}});
  if (!built.ok()) return;
  const auto again = ParseFrozenSuite(CanonicalJson(SuiteToJson(*built)));
  PEDIGREE_CHECK(again.ok() && SuiteDigest(*again) == SuiteDigest(*built));
  PEDIGREE_CHECK(SuiteDrift(*again, MakeSuiteLock(*built)).empty());
}

// Whatever a lock says, a suite of one case equals it or drifts.
void CompareWithLock(const evaluator::SuiteLock& lock) {
  EvalCase eval_case;
  eval_case.id = "a";
  const auto suite = MakeSuite("bad", "1", {eval_case});
  PEDIGREE_CHECK(suite.ok());
  const bool equal = lock.suite_digest() == SuiteDigest(*suite).ToString();
  PEDIGREE_CHECK(equal || !SuiteDrift(*suite, lock).empty());
}

void ReadRecords(const std::string& text) {
  const auto suite = ParseFrozenSuite(text);
  if (suite.ok()) PEDIGREE_CHECK(CanonicalJson(SuiteToJson(*suite)) == text);
  const auto policy = ParsePolicy(text);
  if (policy.ok()) PEDIGREE_CHECK(ParsePolicy(CanonicalRecord(*policy)).ok());
  const auto sidecar = ParseSidecar(text);
  if (sidecar.ok()) PEDIGREE_CHECK(CanonicalRecord(sidecar->record) == text);
  const auto lock = ParseSuiteLock(text);
  if (lock.ok()) CompareWithLock(*lock);
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(pedigree::AsText(absl::MakeConstSpan(data, size)));
  pedigree::ReadSuite(text);
  pedigree::ReadRecords(text);
  return 0;
}
