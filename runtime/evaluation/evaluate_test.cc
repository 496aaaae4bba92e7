#include "runtime/evaluation/evaluate.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

// Answers prompts from a table.
class TableRunner : public CaseRunner {
 public:
  absl::StatusOr<CaseOutput> RunCase(std::string_view prompt,
                                     uint32_t max_new_tokens) override {
    limits[std::string(prompt)] = max_new_tokens;
    const auto row = answers.find(std::string(prompt));
    if (row == answers.end()) return absl::UnknownError("no such prompt");
    return row->second;
  }

  absl::StatusOr<Subject> GetSubject() override {
    Subject subject;
    subject.model_digest = Sha256("model");
    subject.adapter_digests = {Sha256("first"), Sha256("second")};
    subject.assembly_digest = Sha256("assembly");
    subject.parent_receipt_digests = {Sha256("receipt")};
    subject.counted = {{"kv_bytes_per_token", "10"},
                       {"body_weight_bytes_per_token", "1000"},
                       {"output_weight_bytes_per_token", "100"}};
    return subject;
  }

  std::map<std::string, absl::StatusOr<CaseOutput>> answers;
  std::map<std::string, uint32_t> limits;
};

CaseOutput Answer(std::string_view text) {
  CaseOutput output;
  output.output = std::string(text);
  output.token_ids = {1, 2};
  output.prompt_tokens = 3;
  output.stop_reason = "token-limit";
  return output;
}

Json Request() {
  return Json{
      {"manifest_digest", Sha256("manifest").ToString()},
      {"source_kind", "deterministic-smoke"},
      {"suite",
       {{"schema_version", kSuiteSchema},
        {"name", "smoke"},
        {"version", "1"},
        {"cases",
         {{{"id", "b"},
           {"prompt", "two"},
           {"expected", "2"},
           {"max_new_tokens", 9u},
           {"tags", {"count"}},
           {"hard", true}},
          {{"id", "a"},
           {"prompt", "one"},
           {"expected", "1"},
           {"max_new_tokens", 8u}}}}}}};
}

// The sidecar of Request() on `runner`.
Json RunRequest(TableRunner& runner) {
  const auto text = RunEvalRequest(Request().dump(), runner);
  if (!text.ok()) {
    ADD_FAILURE() << text.status();
    return Json::object();
  }
  const auto json = ParseJson(*text, "sidecar");
  EXPECT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(CanonicalJson(*json), *text);
  return *json;
}

TEST(EvaluateTest, RunsEveryCaseWithItsLimit) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}, {"two", Answer("2")}};
  const Json sidecar = RunRequest(runner);
  EXPECT_EQ(runner.limits["one"], 8u);
  EXPECT_EQ(runner.limits["two"], 9u);
  EXPECT_EQ(sidecar["passed"], true);
  EXPECT_EQ(sidecar["pass_rate"], "1.000000");
  EXPECT_EQ(sidecar["totals"], (Json{{"cases", "2"},
                                     {"passed", "2"},
                                     {"failed", "0"},
                                     {"prompt_tokens", "6"},
                                     {"generated_tokens", "4"}}));
}

TEST(EvaluateTest, NamesSubjectSuiteAndEvaluator) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}, {"two", Answer("2")}};
  const Json sidecar = RunRequest(runner);
  const Json request = Request();
  const auto suite = ParseSuite(request["suite"]);
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(sidecar["schema_version"], "pedigree.sidecar.v1");
  EXPECT_EQ(sidecar["evaluator"],
            (Json{{"name", "pedigree.evaluation"}, {"version", "2"}}));
  EXPECT_EQ(sidecar["numerics_version"], "v1");
  EXPECT_EQ(sidecar["model_digest"], Sha256("model").ToString());
  EXPECT_EQ(sidecar["assembly_digest"], Sha256("assembly").ToString());
  EXPECT_EQ(sidecar["manifest_digest"], Sha256("manifest").ToString());
  EXPECT_EQ(sidecar["adapter_digests"],
            (Json{Sha256("first").ToString(), Sha256("second").ToString()}));
  EXPECT_EQ(sidecar["parent_receipt_digests"],
            Json::array({Sha256("receipt").ToString()}));
  EXPECT_EQ(sidecar["suite"], (Json{{"name", "smoke"},
                                    {"version", "1"},
                                    {"digest",
                                     SuiteDigest(*suite).ToString()}}));
  EXPECT_EQ(sidecar["quality_boundary"], "runtime-smoke");
}

TEST(EvaluateTest, AWrongAnswerIsAResult) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}, {"two", Answer("3")}};
  const Json sidecar = RunRequest(runner);
  EXPECT_EQ(sidecar["passed"], false);
  EXPECT_EQ(sidecar["pass_rate"], "0.500000");
  EXPECT_EQ(sidecar["cases"][0]["passed"], true);
  EXPECT_EQ(sidecar["cases"][1],
            (Json{{"id", "b"},
                  {"prompt_digest", Sha256("two").ToString()},
                  {"scorer", "exact-match"},
                  {"expected", "2"},
                  {"actual", "3"},
                  {"actual_digest", Sha256("3").ToString()},
                  {"passed", false},
                  {"prompt_tokens", 3},
                  {"generated_tokens", 2},
                  {"stop_reason", "token-limit"},
                  {"hard", true},
                  {"tags", {"count"}}}));
}

TEST(EvaluateTest, ComparesBytesNotReplacedText) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}, {"two", Answer("\xFF")}};
  Json request = Request();
  request["suite"]["cases"][0]["expected"] = "\xEF\xBF\xBD";  // U+FFFD itself
  const auto text = RunEvalRequest(request.dump(), runner);
  ASSERT_TRUE(text.ok()) << text.status();
  const Json result = Json::parse(*text)["cases"][1];
  EXPECT_EQ(result["actual"], "\xEF\xBF\xBD");
  EXPECT_EQ(result["actual_digest"], Sha256("\xFF").ToString());
  EXPECT_EQ(result["passed"], false);
}

TEST(EvaluateTest, ScoresByTheCasesScorer) {
  TableRunner runner;
  runner.answers = {{"one", Answer("10")}, {"two", Answer("about 2")}};
  Json request = Request();
  const auto passed = [&](const char* scorer) {
    for (Json& eval_case : request["suite"]["cases"]) {
      eval_case["scorer"] = scorer;
    }
    const auto text = RunEvalRequest(request.dump(), runner);
    EXPECT_TRUE(text.ok()) << text.status();
    const Json sidecar = text.ok() ? Json::parse(*text) : Json();
    EXPECT_EQ(sidecar["cases"][0]["scorer"], scorer);
    return sidecar["totals"]["passed"].get<std::string>();
  };
  EXPECT_EQ(passed("exact-match"), "0");
  EXPECT_EQ(passed("prefix"), "1");
  EXPECT_EQ(passed("contains"), "2");
}

TEST(EvaluateTest, CountsTheWorkOfTheRun) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}, {"two", Answer("2")}};
  // Two cases of 3 prompt tokens and 2 new ones, the last of which is not run
  // through the model: 4 passes, 2 of them with logits.
  EXPECT_EQ(RunRequest(runner)["counted"]["use"],
            (Json{{"case_count", 2},
                  {"prompt_tokens", "6"},
                  {"generated_tokens", "4"},
                  {"forward_passes", "8"},
                  {"logits_passes", "4"},
                  {"kv_peak_tokens", 4},
                  {"kv_peak_bytes", "40"},
                  {"weight_bytes_read", "8400"}}));
}

TEST(EvaluateTest, RecordsWhatTheModelCannotAnswer) {
  for (const ErrorCode code :
       {ErrorCode::kContextExceeded, ErrorCode::kGenerationFailed,
        ErrorCode::kOutputBufferExceeded}) {
    TableRunner runner;
    runner.answers = {{"one", Answer("1")}};
    runner.answers.emplace("two", MakeError(code, "too long"));
    const Json sidecar = RunRequest(runner);
    const Json& result = sidecar["cases"][1];
    EXPECT_EQ(result["stop_reason"],
              "error:" + std::string(ErrorCodeName(code)));
    EXPECT_EQ(result["passed"], false);
    EXPECT_EQ(result["actual_digest"], Sha256("").ToString());
    EXPECT_EQ(sidecar["counted"]["use"]["case_count"], 1);
  }
}

TEST(EvaluateTest, AnErrorPassesNoCase) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}};
  runner.answers.emplace("two",
                         MakeError(ErrorCode::kContextExceeded, "too long"));
  Json request = Request();
  request["suite"]["cases"][0]["expected"] = "";
  const auto text = RunEvalRequest(request.dump(), runner);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(Json::parse(*text)["cases"][1]["passed"], false);
}

TEST(EvaluateTest, AFaultOfTheRunIsReturnedWithTheCase) {
  TableRunner runner;
  runner.answers = {{"one", Answer("1")}};
  runner.answers.emplace("two",
                         MakeError(ErrorCode::kModelNotLoaded, "no model"));
  const auto text = RunEvalRequest(Request().dump(), runner);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(GetErrorCode(text.status()), ErrorCode::kModelNotLoaded);
  EXPECT_EQ(text.status().message(), "Case \"b\": no model");
}

void ExpectRefusal(std::string_view request, const std::string& message) {
  TableRunner runner;
  const auto text = RunEvalRequest(request, runner);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(GetErrorCode(text.status()), ErrorCode::kInvalidEvalCases);
  EXPECT_EQ(text.status().message(), message);
}

TEST(EvaluateTest, RefusesARequestThatIsNotJson) {
  ExpectRefusal("{", "Invalid eval request: not JSON at byte 2");
}

TEST(EvaluateTest, RefusesAnUnknownSourceKind) {
  Json request = Request();
  request["source_kind"] = "hearsay";
  ExpectRefusal(request.dump(),
                "Invalid eval request: unknown source kind \"hearsay\" "
                "(expected \"deterministic-smoke\" or \"converted-trained\")");
}

TEST(EvaluateTest, RefusesAManifestThatIsNoDigest) {
  Json request = Request();
  request["manifest_digest"] = "sha256:0";
  TableRunner runner;
  const auto text = RunEvalRequest(request.dump(), runner);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.status().message().rfind(
                "Invalid eval request: \"manifest_digest\": ", 0),
            0u);
}

TEST(EvaluateTest, RefusesABadSuite) {
  Json request = Request();
  request["suite"]["cases"] = Json::array();
  ExpectRefusal(request.dump(),
                "Invalid suite: 0 cases (expected 1 to 100000)");
}

}  // namespace
}  // namespace pedigree
