#include "evaluator/shards.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/run_record.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/sidecar.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

constexpr std::string_view kWhat = "shard";

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", kWhat, ": ", parts...));
}

// Each of the run's shards once.
absl::Status CheckPlaces(const std::vector<Shard>& shards) {
  if (shards.empty()) return Invalid("none");
  const Shard& first = shards.front();
  std::vector<const Shard*> places(first.count);
  for (const Shard& shard : shards) {
    if (shard.count != first.count) {
      return Invalid(shard.name, " is one of ", shard.count, ", ", first.name,
                     " one of ", first.count);
    }
    if (places[shard.index] != nullptr) {
      return Invalid(shard.name, " and ", places[shard.index]->name,
                     " are both shard ", shard.index, " of ", shard.count);
    }
    places[shard.index] = &shard;
  }
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] != nullptr) continue;
    return Invalid("shard ", i, " of ", first.count, " is missing");
  }
  return absl::OkStatus();
}

absl::Status CheckSameRun(const Shard& shard, const Shard& first) {
  const std::optional<JsonDifference> difference = FirstDifference(
      FactsJson(shard.run.facts), FactsJson(first.run.facts));
  if (!difference.has_value()) return absl::OkStatus();
  return Invalid(shard.name, " is of another run: \"", difference->place,
                 "\" is ", difference->a, " (", first.name, " has ",
                 difference->b, ")");
}

// The members of a result that come from its case.
Json CaseMembers(const CaseResult& result) {
  return {{"prompt_digest", result.prompt_digest.ToString()},
          {"scorer", result.scorer},
          {"expected", result.expected},
          {"expected_digest", result.expected_digest.ToString()},
          {"hard", result.hard},
          {"tags", result.tags},
          {"source_cluster", result.source_cluster}};
}

// Neither more nor fewer nor other cases than the suite has at the shard's place.
absl::Status CheckCases(const Shard& shard, const Suite& suite) {
  const ShardRange range =
      CasesOfShard(suite.cases.size(), shard.index, shard.count);
  const std::vector<CaseResult>& results = shard.run.results;
  const uint64_t count = range.end - range.begin;
  if (results.size() != count) {
    return Invalid(shard.name, " has ", results.size(), " cases (shard ",
                   shard.index, " of ", shard.count, " has ", count, " of ",
                   suite.cases.size(), ")");
  }
  const bool omit_texts = shard.run.facts.options.omit_texts;
  for (uint64_t i = 0; i < count; ++i) {
    const EvalCase& eval_case = suite.cases[range.begin + i];
    if (results[i].id != eval_case.id) {
      return Invalid(shard.name, " has case \"", results[i].id,
                     "\" where the suite has \"", eval_case.id, "\"");
    }
    const std::optional<JsonDifference> difference =
        FirstDifference(CaseMembers(results[i]),
                        CaseMembers(NotRun(eval_case, "", omit_texts)));
    if (!difference.has_value()) continue;
    return Invalid(shard.name, ": case \"", eval_case.id, "\" has \"",
                   difference->place, "\" ", difference->a,
                   " (the suite's has ", difference->b, ")");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Shard> ParseShard(std::string_view name,
                                 std::string_view text) {
  evaluator::SidecarShard record;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, kWhat, &record));
  if (record.shard_count() < 1 || record.shard_count() > kMaxShards ||
      record.shard_index() >= record.shard_count()) {
    return Invalid("\"shard_index\" is ", record.shard_index(),
                   " and \"shard_count\" ", record.shard_count(),
                   " (expected less than the count, and 1 to ", kMaxShards,
                   ")");
  }
  Shard shard;
  shard.name = std::string(name);
  shard.index = record.shard_index();
  shard.count = record.shard_count();
  PEDIGREE_ASSIGN_OR_RETURN(shard.run, ReadRun(kWhat, record));
  if (const absl::Status status =
          ApplyRunEnd(shard.run.facts, shard.run.results);
      !status.ok()) {
    return Invalid(status.message());
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(text, kWhat));
  PEDIGREE_RETURN_IF_ERROR(
      CheckRecord(kWhat, json,
                  ShardJson(shard.run.facts, shard.index, shard.count,
                            shard.run.results)));
  return shard;
}

absl::StatusOr<std::string> MergeShards(std::vector<Shard> shards,
                                        const Suite& suite) {
  PEDIGREE_RETURN_IF_ERROR(CheckPlaces(shards));
  std::sort(shards.begin(), shards.end(), [](const Shard& a, const Shard& b) {
    return a.index < b.index;
  });
  const RunFacts facts = shards.front().run.facts;
  if (const std::string digest = SuiteDigest(suite).ToString();
      facts.suite_digest != digest) {
    return Invalid(shards.front().name, " is of suite ", facts.suite_digest,
                   " (expected ", digest, ")");
  }
  std::vector<CaseResult> results;
  results.reserve(suite.cases.size());
  for (Shard& shard : shards) {
    PEDIGREE_RETURN_IF_ERROR(CheckSameRun(shard, shards.front()));
    PEDIGREE_RETURN_IF_ERROR(CheckCases(shard, suite));
    for (CaseResult& result : shard.run.results) {
      results.push_back(std::move(result));
    }
  }
  if (const absl::Status status = ApplyRunEnd(facts, results); !status.ok()) {
    return Invalid(status.message());
  }
  return CanonicalJson(SidecarJson(facts, results));
}

}  // namespace pedigree
