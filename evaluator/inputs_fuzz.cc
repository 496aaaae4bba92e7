// Any bytes: the readers of case files, suites, locks, policies, sidecars, shards,
// baselines, observations and lm-eval's files refuse them or give what reads back
// unchanged.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "evaluator/baseline.h"
#include "evaluator/lm_eval_import.h"
#include "evaluator/observation.h"
#include "evaluator/policy.h"
#include "evaluator/records.pb.h"
#include "evaluator/scorecard.h"
#include "evaluator/shards.h"
#include "evaluator/sidecar.h"
#include "evaluator/suite_builder.h"
#include "evaluator/suite_lock.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/sidecar.h"
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
  const auto shard = ParseShard("shard", text);
  if (shard.ok()) {
    PEDIGREE_CHECK(CanonicalJson(ShardJson(shard->run.facts, shard->index,
                                           shard->count,
                                           shard->run.results)) == text);
  }
  const auto baseline = ParseBaseline(text);
  if (baseline.ok()) {
    PEDIGREE_CHECK(MakeScorecard({*baseline}, {}).ok());
  }
  const auto observed = ParseObservation(text);
  if (observed.ok()) PEDIGREE_CHECK(CanonicalRecord(observed->record) == text);
  const auto imported = ImportLmEval({{"samples.jsonl", text}}, {});
  if (imported.ok() && !imported->empty()) {
    PEDIGREE_CHECK(
        BuildSuite("suite", "1", {{"cases.jsonl", CaseLines(*imported)}}).ok());
  }
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
