#include "runtime/evaluation/evaluate.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/diagnostics/counted.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/evaluation/suite.h"
#include "runtime/tensor/numerics.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

struct EvalRequest {
  std::string manifest_digest;
  std::string source_kind;
  std::string quality_boundary;
  Suite suite;
};

// What precedes the error code's name in a stop reason.
constexpr std::string_view kErrorPrefix = "error:";

struct Totals {
  uint64_t cases = 0;
  uint64_t passed = 0;
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
};

absl::Status InvalidRequest(std::string_view message) {
  return MakeError(ErrorCode::kInvalidEvalCases, message);
}

absl::StatusOr<EvalRequest> ParseEvalRequest(std::string_view text) {
  absl::StatusOr<Json> json = ParseJson(text, "eval request");
  if (!json.ok()) return InvalidRequest(json.status().message());
  JsonObjectReader reader(*json, "eval request");
  EvalRequest request;
  request.manifest_digest = reader.String("manifest_digest");
  request.source_kind = reader.String("source_kind");
  const Json& suite = reader.Object("suite");
  if (const absl::Status status = reader.Finish(); !status.ok()) {
    return InvalidRequest(status.message());
  }
  if (const auto digest = ParseDigest(request.manifest_digest); !digest.ok()) {
    return InvalidRequest(
        absl::StrCat("Invalid eval request: \"manifest_digest\": ",
                     digest.status().message()));
  }
  const std::optional<std::string_view> boundary =
      QualityBoundary(request.source_kind);
  if (!boundary.has_value()) {
    return InvalidRequest(absl::StrCat(
        "Invalid eval request: unknown source kind \"", request.source_kind,
        "\" (expected ", SourceKindNames(), ")"));
  }
  request.quality_boundary = std::string(*boundary);
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

absl::StatusOr<CaseOutput> RunOneCase(const EvalCase& eval_case,
                                      CaseRunner& runner) {
  absl::StatusOr<CaseOutput> output =
      runner.RunCase(eval_case.prompt, eval_case.max_new_tokens);
  if (output.ok()) return output;
  const ErrorCode code = GetErrorCode(output.status());
  if (!IsCaseResult(code)) {
    return MakeError(code, absl::StrCat("Case \"", eval_case.id,
                                        "\": ", output.status().message()));
  }
  CaseOutput no_answer;
  no_answer.stop_reason = absl::StrCat(kErrorPrefix, ErrorCodeName(code));
  return no_answer;
}

// In the order of the suite's cases.
absl::StatusOr<std::vector<CaseOutput>> RunCases(const Suite& suite,
                                                 CaseRunner& runner) {
  std::vector<CaseOutput> outputs;
  outputs.reserve(suite.cases.size());
  for (const EvalCase& eval_case : suite.cases) {
    PEDIGREE_ASSIGN_OR_RETURN(CaseOutput output,
                              RunOneCase(eval_case, runner));
    outputs.push_back(std::move(output));
  }
  return outputs;
}

bool IsError(const CaseOutput& output) {
  return output.stop_reason.rfind(kErrorPrefix, 0) == 0;
}

// An error has no output, so it passes no case, not even one that expects
// nothing.
bool Passes(const EvalCase& eval_case, const CaseOutput& output) {
  return !IsError(output) && Passes(*FindScorer(eval_case.scorer),
                                    output.output, eval_case.expected);
}

Json CaseRecord(const EvalCase& eval_case, const CaseOutput& output) {
  return Json{{"id", eval_case.id},
              {"prompt_digest", Sha256(eval_case.prompt).ToString()},
              {"scorer", eval_case.scorer},
              {"expected", eval_case.expected},
              {"actual", ReplaceInvalidUtf8(output.output)},
              {"actual_digest", Sha256(output.output).ToString()},
              {"passed", Passes(eval_case, output)},
              {"prompt_tokens", output.prompt_tokens},
              {"generated_tokens", output.token_ids.size()},
              {"stop_reason", output.stop_reason},
              {"hard", eval_case.hard},
              {"tags", eval_case.tags}};
}

Json CaseRecords(const Suite& suite, const std::vector<CaseOutput>& outputs) {
  Json records = Json::array();
  for (size_t i = 0; i < outputs.size(); ++i) {
    records.push_back(CaseRecord(suite.cases[i], outputs[i]));
  }
  return records;
}

Totals AddUp(const Suite& suite, const std::vector<CaseOutput>& outputs) {
  Totals totals;
  for (size_t i = 0; i < outputs.size(); ++i) {
    totals.cases += 1;
    totals.passed += Passes(suite.cases[i], outputs[i]) ? 1 : 0;
    totals.prompt_tokens += outputs[i].prompt_tokens;
    totals.generated_tokens += outputs[i].token_ids.size();
  }
  return totals;
}

// The assembly's counted diagnostics with the work of the cases that were
// answered.
Json CountRun(const std::vector<CaseOutput>& outputs, Json counted) {
  std::vector<TokenUse> uses;
  for (const CaseOutput& output : outputs) {
    if (IsError(output)) continue;
    uses.push_back({output.prompt_tokens,
                    static_cast<uint32_t>(output.token_ids.size()),
                    output.stop_reason});
  }
  CountUse(uses, counted);
  return counted;
}

// 64-bit integers are strings, as in the JSON form of Protocol Buffers.
Json TotalsRecord(const Totals& totals) {
  return Json{{"cases", absl::StrCat(totals.cases)},
              {"passed", absl::StrCat(totals.passed)},
              {"failed", absl::StrCat(totals.cases - totals.passed)},
              {"prompt_tokens", absl::StrCat(totals.prompt_tokens)},
              {"generated_tokens", absl::StrCat(totals.generated_tokens)}};
}

Json IntervalRecord(const Totals& totals) {
  const Interval interval = WilsonInterval(totals.passed, totals.cases);
  return Json{{"method", "wilson"},
              {"level", "0.95"},
              {"lower", interval.lower},
              {"upper", interval.upper}};
}

Json DigestList(const std::vector<Digest>& digests) {
  Json list = Json::array();
  for (const Digest& digest : digests) list.push_back(digest.ToString());
  return list;
}

void AddSubject(const Subject& subject, Json& sidecar) {
  sidecar["model_digest"] = subject.model_digest.ToString();
  sidecar["adapter_digests"] = DigestList(subject.adapter_digests);
  sidecar["assembly_digest"] = subject.assembly_digest.ToString();
  sidecar["parent_receipt_digests"] =
      DigestList(subject.parent_receipt_digests);
}

}  // namespace

absl::StatusOr<std::string> RunEvalRequest(std::string_view request,
                                           CaseRunner& runner) {
  PEDIGREE_ASSIGN_OR_RETURN(const EvalRequest parsed,
                            ParseEvalRequest(request));
  PEDIGREE_ASSIGN_OR_RETURN(const Subject subject, runner.GetSubject());
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<CaseOutput> outputs,
                            RunCases(parsed.suite, runner));
  const Totals totals = AddUp(parsed.suite, outputs);
  Json sidecar = {
      {"schema_version", kSidecarSchema},
      {"evaluator",
       {{"name", kEvaluatorName}, {"version", kEvaluatorVersion}}},
      {"numerics_version", kNumericsVersion},
      {"source_kind", parsed.source_kind},
      {"manifest_digest", parsed.manifest_digest},
      {"suite",
       {{"name", parsed.suite.name},
        {"version", parsed.suite.version},
        {"digest", SuiteDigest(parsed.suite).ToString()}}},
      {"cases", CaseRecords(parsed.suite, outputs)},
      {"totals", TotalsRecord(totals)},
      {"pass_rate", PassRate(totals.passed, totals.cases)},
      {"interval", IntervalRecord(totals)},
      {"counted", CountRun(outputs, subject.counted)},
      {"quality_boundary", parsed.quality_boundary},
      {"passed", totals.passed == totals.cases}};
  AddSubject(subject, sidecar);
  return CanonicalJson(sidecar);
}

}  // namespace pedigree
