#include "runtime/evaluation/evaluate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/sidecar.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

struct Shard {
  uint32_t index = 0;
  uint32_t count = 1;
};

struct EvalRequest {
  std::string manifest_digest;
  std::string source_kind;
  Suite suite;
  RunOptions options;
  std::optional<Shard> shard;
};

// Largest integer that every JSON reader keeps exactly.
constexpr uint64_t kMaxJsonInteger = (uint64_t{1} << 53) - 1;

absl::Status InvalidRequest(std::string_view message) {
  return MakeError(ErrorCode::kInvalidEvalCases, message);
}

absl::StatusOr<RunOptions> ParseRunOptions(const Json& json) {
  JsonObjectReader reader(json, "eval request's run");
  RunOptions options;
  if (reader.Has("fail_fast")) options.fail_fast = reader.Bool("fail_fast");
  if (reader.Has("omit_texts")) options.omit_texts = reader.Bool("omit_texts");
  if (reader.Has("max_forward_passes")) {
    options.max_forward_passes =
        reader.Uint("max_forward_passes", 0, kMaxJsonInteger);
  }
  const Json* tags = reader.Has("filter_tags") ? &reader.Array("filter_tags")
                                               : nullptr;
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  if (tags == nullptr) return options;
  for (const Json& tag : *tags) {
    if (!tag.is_string()) {
      return InvalidRequest(
          Concat("Invalid eval request: \"filter_tags\" holds a ",
                 tag.type_name(), " (expected string)"));
    }
    options.filter_tags.push_back(tag.get<std::string>());
    PEDIGREE_RETURN_IF_ERROR(
        CheckName("eval request", "filter_tags", options.filter_tags.back()));
  }
  std::vector<std::string>& filter = options.filter_tags;
  Sort(filter.begin(), filter.end());
  filter.erase(std::unique(filter.begin(), filter.end()), filter.end());
  return options;
}

absl::StatusOr<Shard> ParseShard(const Json& json) {
  JsonObjectReader reader(json, "eval request's shard");
  Shard shard;
  shard.count =
      static_cast<uint32_t>(reader.Uint("count", 1, kMaxShards));
  shard.index = static_cast<uint32_t>(
      reader.Uint("index", 0, std::max(shard.count, 1u) - 1));
  PEDIGREE_RETURN_IF_ERROR(reader.Finish());
  return shard;
}

absl::StatusOr<EvalRequest> ParseEvalRequest(std::string_view text) {
  absl::StatusOr<Json> json = ParseJson(text, "eval request");
  if (!json.ok()) return InvalidRequest(json.status().message());
  JsonObjectReader reader(*json, "eval request");
  EvalRequest request;
  request.manifest_digest = reader.String("manifest_digest");
  request.source_kind = reader.String("source_kind");
  const Json& suite = reader.Object("suite");
  const Json* run = reader.Has("run") ? &reader.Object("run") : nullptr;
  const Json* shard = reader.Has("shard") ? &reader.Object("shard") : nullptr;
  if (const absl::Status status = reader.Finish(); !status.ok()) {
    return InvalidRequest(status.message());
  }
  if (const auto digest = ParseDigest(request.manifest_digest); !digest.ok()) {
    return InvalidRequest(Concat("Invalid eval request: \"manifest_digest\": ",
                                 digest.status().message()));
  }
  if (!QualityBoundary(request.source_kind).has_value()) {
    return InvalidRequest(Concat("Invalid eval request: unknown source kind \"",
                                 request.source_kind, "\" (expected ",
                                 SourceKindNames(), ")"));
  }
  if (run != nullptr) {
    absl::StatusOr<RunOptions> options = ParseRunOptions(*run);
    if (!options.ok()) return InvalidRequest(options.status().message());
    request.options = *std::move(options);
  }
  if (shard != nullptr) {
    const absl::StatusOr<Shard> parsed = ParseShard(*shard);
    if (!parsed.ok()) return InvalidRequest(parsed.status().message());
    request.shard = *parsed;
  }
  PEDIGREE_ASSIGN_OR_RETURN(request.suite, ParseSuite(suite));
  return request;
}

// Whether an error is the model's answer to a case rather than a fault of the
// run.
bool IsCaseResult(ErrorCode code) {
  return code == ErrorCode::kContextExceeded ||
         code == ErrorCode::kGenerationFailed ||
         code == ErrorCode::kOutputBufferExceeded;
}

// Gathers the results of some cases of a suite.
class ResultQueue : public CaseQueue {
 public:
  ResultQueue(const RunFacts& facts, uint32_t context_tokens,
              absl::Span<const EvalCase> cases)
      : options_(facts.options),
        cases_(cases),
        end_(facts.options, context_tokens),
        results_(cases.size()) {
    for (size_t i = 0; i < cases.size(); ++i) {
      if (IsChosen(options_, cases[i].tags)) {
        ++total_;
      } else {
        results_[i] = NotRun(cases[i], "filter", options_.omit_texts);
      }
    }
    NoteResults();
  }

  absl::Span<const EvalCase> cases() const override { return cases_; }
  bool in_order() const override { return end_.may_come(); }
  bool IsWanted(size_t index) const override {
    return !results_[index].has_value() && end_.reason().empty();
  }

  absl::Status Done(size_t index, absl::StatusOr<CaseOutput> output) override {
    const EvalCase& eval_case = cases_[index];
    if (!output.ok()) {
      const ErrorCode code = GetErrorCode(output.status());
      if (!IsCaseResult(code)) {
        return MakeError(code, "Case \"", eval_case.id,
                         "\": ", output.status().message());
      }
      output = CaseOutput();
      output->stop_reason = Concat(kErrorPrefix, ErrorCodeName(code));
    }
    results_[index] = ScoreCase(eval_case, *output, options_.omit_texts);
    NoteResults();
    ++done_;
    return absl::OkStatus();
  }

  uint64_t done() const { return done_; }
  uint64_t total() const { return total_; }

  // In the order of the cases, when all that are wanted are done.
  std::vector<CaseResult> TakeResults() {
    std::vector<CaseResult> results;
    results.reserve(results_.size());
    for (size_t i = 0; i < results_.size(); ++i) {
      results.push_back(results_[i].has_value()
                            ? *std::move(results_[i])
                            : NotRun(cases_[i], end_.reason(),
                                     options_.omit_texts));
    }
    return results;
  }

 private:
  // Follows the results that are there without a gap.
  void NoteResults() {
    while (noted_ < results_.size() && results_[noted_].has_value()) {
      end_.Note(*results_[noted_++]);
    }
  }

  const RunOptions& options_;
  const absl::Span<const EvalCase> cases_;
  RunEnd end_;
  std::vector<std::optional<CaseResult>> results_;
  size_t noted_ = 0;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

// In the order in which the members need each other.
struct EvalRun::State {
  RunFacts facts;
  Suite suite;
  std::optional<Shard> shard;
  std::unique_ptr<ResultQueue> queue;
  std::unique_ptr<CaseRun> cases;
  // No case is left.
  bool over = false;
};

EvalRun::EvalRun(std::unique_ptr<State> state) : state_(std::move(state)) {}

EvalRun::~EvalRun() = default;

absl::StatusOr<std::unique_ptr<EvalRun>> EvalRun::Begin(
    std::string_view request, CaseRunner& runner) {
  PEDIGREE_ASSIGN_OR_RETURN(EvalRequest parsed, ParseEvalRequest(request));
  auto state = std::make_unique<State>();
  RunFacts& facts = state->facts;
  PEDIGREE_ASSIGN_OR_RETURN(facts.subject, runner.GetSubject());
  facts.manifest_digest = std::move(parsed.manifest_digest);
  facts.source_kind = std::move(parsed.source_kind);
  facts.suite_name = parsed.suite.name;
  facts.suite_version = parsed.suite.version;
  facts.suite_digest = SuiteDigest(parsed.suite).ToString();
  facts.options = std::move(parsed.options);
  state->suite = std::move(parsed.suite);
  state->shard = parsed.shard;
  const Shard shard = state->shard.value_or(Shard());
  const ShardRange range =
      CasesOfShard(state->suite.cases.size(), shard.index, shard.count);
  state->queue = std::make_unique<ResultQueue>(
      facts, facts.subject.counted.at("kv_capacity_tokens").get<uint32_t>(),
      absl::MakeConstSpan(state->suite.cases)
          .subspan(range.begin, range.end - range.begin));
  PEDIGREE_ASSIGN_OR_RETURN(state->cases, runner.StartCases(*state->queue));
  return absl::WrapUnique(new EvalRun(std::move(state)));
}

absl::StatusOr<bool> EvalRun::Step() {
  PEDIGREE_ASSIGN_OR_RETURN(const bool more, state_->cases->Step());
  state_->over = !more;
  return more;
}

uint64_t EvalRun::done() const { return state_->queue->done(); }

uint64_t EvalRun::total() const { return state_->queue->total(); }

absl::StatusOr<std::string> EvalRun::Finish() {
  if (!state_->over) {
    return MakeError(ErrorCode::kInvalidLength, "Unfinished eval run: ", done(),
                     " of ", total(), " cases");
  }
  std::vector<CaseResult> results = state_->queue->TakeResults();
  // Cases done out of order, behind the end.
  PEDIGREE_RETURN_IF_ERROR(ApplyRunEnd(state_->facts, results));
  const std::optional<Shard>& shard = state_->shard;
  return CanonicalJson(
      shard.has_value()
          ? ShardJson(state_->facts, shard->index, shard->count, results)
          : SidecarJson(state_->facts, results));
}

absl::StatusOr<std::string> RunEvalRequest(std::string_view request,
                                           CaseRunner& runner,
                                           const EvalProgress& progress) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<EvalRun> run,
                            EvalRun::Begin(request, runner));
  uint64_t told = 0;
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(const bool more, run->Step());
    if (progress && run->done() != told) {
      told = run->done();
      progress(told, run->total());
    }
    if (!more) return run->Finish();
  }
}

}  // namespace pedigree
