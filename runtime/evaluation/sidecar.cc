#include "runtime/evaluation/sidecar.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/base/check.h"
#include "runtime/base/concat.h"
#include "runtime/diagnostics/counted.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/tensor/numerics.h"

namespace pedigree {
namespace {

constexpr std::string_view kFilter = "filter";

uint32_t ContextTokens(const RunFacts& facts) {
  return facts.subject.counted.at("kv_capacity_tokens").get<uint32_t>();
}

Json DigestList(const std::vector<Digest>& digests) {
  Json list = Json::array();
  for (const Digest& digest : digests) list.push_back(digest.ToString());
  return list;
}

// 64-bit integers are strings, as in the JSON form of Protocol Buffers.
Json RunRecord(const RunOptions& options) {
  return Json{{"fail_fast", options.fail_fast},
              {"filter_tags", options.filter_tags},
              {"max_forward_passes", Concat(options.max_forward_passes)},
              {"omit_texts", options.omit_texts}};
}

// What a sidecar and the records of its shards have in common.
Json CommonRecord(const RunFacts& facts,
                  absl::Span<const CaseResult> results) {
  Json cases = Json::array();
  std::vector<Work> answered;
  for (const CaseResult& result : results) {
    cases.push_back(CaseResultToJson(result));
    if (IsAnswered(result)) {
      answered.push_back(CaseWork(result, ContextTokens(facts)));
    }
  }
  Json counted = facts.subject.counted;
  CountUse(answered, counted);
  return Json{{"evaluator",
               {{"name", kEvaluatorName}, {"version", kEvaluatorVersion}}},
              {"numerics_version", kNumericsVersion},
              {"source_kind", facts.source_kind},
              {"model_digest", facts.subject.model_digest.ToString()},
              {"manifest_digest", facts.manifest_digest},
              {"assembly_digest", facts.subject.assembly_digest.ToString()},
              {"adapter_digests", DigestList(facts.subject.adapter_digests)},
              {"parent_receipt_digests",
               DigestList(facts.subject.parent_receipt_digests)},
              {"suite",
               {{"name", facts.suite_name},
                {"version", facts.suite_version},
                {"digest", facts.suite_digest}}},
              {"run", RunRecord(facts.options)},
              {"counted", std::move(counted)},
              {"cases", std::move(cases)}};
}

struct Totals {
  uint64_t cases = 0;
  uint64_t passed = 0;
  uint64_t not_run = 0;
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
  // Of texts whose bits per byte were measured.
  uint64_t text_bytes = 0;
  int64_t text_log_likelihood = 0;
};

Totals AddUp(absl::Span<const CaseResult> results) {
  Totals totals;
  for (const CaseResult& result : results) {
    totals.cases += 1;
    totals.passed += result.passed ? 1 : 0;
    totals.not_run += IsNotRun(result) ? 1 : 0;
    totals.prompt_tokens += result.prompt_tokens;
    totals.generated_tokens += result.generated_tokens;
    if (!IsAnswered(result) ||
        FindScorer(result.scorer) != Scorer::kBitsPerByte) {
      continue;
    }
    const Likelihood& text = result.likelihoods.front();
    totals.text_bytes += text.bytes;
    totals.text_log_likelihood += text.log_likelihood;
  }
  return totals;
}

Json TotalsRecord(const Totals& totals) {
  return Json{{"cases", Concat(totals.cases)},
              {"passed", Concat(totals.passed)},
              {"failed", Concat(totals.cases - totals.passed - totals.not_run)},
              {"not_run", Concat(totals.not_run)},
              {"prompt_tokens", Concat(totals.prompt_tokens)},
              {"generated_tokens", Concat(totals.generated_tokens)},
              {"bits_per_byte",
               totals.text_bytes == 0
                   ? std::string()
                   : FormatMillionths(BitsPerByte(totals.text_log_likelihood,
                                                  totals.text_bytes))}};
}

Json IntervalRecord(const Totals& totals) {
  const Interval interval = WilsonInterval(totals.passed, totals.cases);
  return Json{{"method", "wilson"},
              {"level", "0.95"},
              {"lower", interval.lower},
              {"upper", interval.upper}};
}

}  // namespace

bool IsChosen(const RunOptions& options, const std::vector<std::string>& tags) {
  const std::vector<std::string>& filter = options.filter_tags;
  return filter.empty() ||
         std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
           return std::binary_search(filter.begin(), filter.end(), tag);
         });
}

void RunEnd::Note(const CaseResult& result) {
  if (!reason_.empty() || IsNotRun(result)) return;
  forward_passes_ += CaseWork(result, context_tokens_).forward_passes;
  if (options_.fail_fast && !result.passed) {
    reason_ = "fail-fast";
  } else if (options_.max_forward_passes > 0 &&
             forward_passes_ >= options_.max_forward_passes) {
    reason_ = "limit";
  }
}

absl::Status ApplyRunEnd(const RunFacts& facts,
                         std::vector<CaseResult>& results) {
  RunEnd end(facts.options, ContextTokens(facts));
  for (CaseResult& result : results) {
    if (!IsChosen(facts.options, result.tags)) {
      if (result.stop_reason == Concat(kNotRunPrefix, kFilter)) continue;
      return absl::InvalidArgumentError(
          Concat("Case \"", result.id, "\" has stop reason \"",
                 result.stop_reason, "\" (expected \"", kNotRunPrefix, kFilter,
                 "\": it has none of the filter's tags)"));
    }
    if (!end.reason().empty()) {
      ForgetResult(end.reason(), result);
    } else if (IsNotRun(result)) {
      return absl::InvalidArgumentError(Concat(
          "Case \"", result.id, "\" has stop reason \"", result.stop_reason,
          "\" (expected a result: nothing before it ends the run)"));
    }
    end.Note(result);
  }
  return absl::OkStatus();
}

Json SidecarJson(const RunFacts& facts, absl::Span<const CaseResult> results) {
  Json sidecar = CommonRecord(facts, results);
  const Totals totals = AddUp(results);
  sidecar["schema_version"] = kSidecarSchema;
  sidecar["totals"] = TotalsRecord(totals);
  sidecar["pass_rate"] = PassRate(totals.passed, totals.cases);
  sidecar["interval"] = IntervalRecord(totals);
  sidecar["quality_boundary"] =
      QualityBoundary(facts.source_kind).value_or("");
  sidecar["passed"] = totals.passed == totals.cases;
  return sidecar;
}

Json FactsJson(const RunFacts& facts) { return CommonRecord(facts, {}); }

Json ShardJson(const RunFacts& facts, uint32_t index, uint32_t count,
               absl::Span<const CaseResult> results) {
  Json shard = CommonRecord(facts, results);
  shard["schema_version"] = kShardSchema;
  shard["shard_index"] = index;
  shard["shard_count"] = count;
  return shard;
}

ShardRange CasesOfShard(uint64_t cases, uint32_t index, uint32_t count) {
  PEDIGREE_CHECK(index < count && count <= kMaxShards);
  return {cases * index / count, cases * (index + 1) / count};
}

}  // namespace pedigree
