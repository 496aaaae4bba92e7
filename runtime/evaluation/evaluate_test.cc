#include "runtime/evaluation/evaluate.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/log_likelihood.h"
#include "runtime/evaluation/suite.h"
#include "runtime/testing/case_runs.h"

namespace pedigree {
namespace {

// Answers prompts from a table.
class TableRunner : public OneByOneRunner {
 public:
  absl::StatusOr<CaseOutput> Answer(const EvalCase& eval_case) override {
    limits[eval_case.prompt] = eval_case.max_new_tokens;
    const auto row = answers.find(eval_case.prompt);
    if (row == answers.end()) return absl::UnknownError("no such prompt");
    return row->second;
  }

  absl::StatusOr<Subject> GetSubject() override {
    Subject subject;
    subject.model_digest = Sha256("model");
    subject.adapter_digests = {Sha256("first"), Sha256("second")};
    subject.assembly_digest = Sha256("assembly");
    subject.parent_receipt_digests = {Sha256("receipt")};
    subject.counted = {{"kv_capacity_tokens", 100u},
                       {"kv_bytes_per_token", "10"},
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
                                     {"not_run", "0"},
                                     {"prompt_tokens", "6"},
                                     {"generated_tokens", "4"},
                                     {"bits_per_byte", ""}}));
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
            (Json{{"name", "pedigree.evaluation"}, {"version", "3"}}));
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
                  {"expected_digest", Sha256("2").ToString()},
                  {"actual", "3"},
                  {"actual_digest", Sha256("3").ToString()},
                  {"passed", false},
                  {"prompt_tokens", 3},
                  {"generated_tokens", 2},
                  {"stop_reason", "token-limit"},
                  {"hard", true},
                  {"tags", {"count"}},
                  {"source_cluster", ""},
                  {"likelihoods", Json::array()}}));
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

Likelihood Likely(std::string_view text, int64_t millionths) {
  Likelihood likelihood;
  likelihood.text_digest = Sha256(text);
  likelihood.bytes = text.size();
  likelihood.context_tokens = 4;
  likelihood.tokens = 2;
  likelihood.log_likelihood = millionths;
  return likelihood;
}

TEST(EvaluateTest, ChoosesTheLikeliestText) {
  CaseOutput output;
  output.prompt_tokens = 3;
  output.stop_reason = "scored";
  output.likelihoods = {Likely("ab", -3000000), Likely("cdef", -4000000)};
  TableRunner runner;
  runner.answers = {{"one", output}, {"two", output}};
  Json request = Request();
  for (Json& eval_case : request["suite"]["cases"]) {
    eval_case.erase("max_new_tokens");
    eval_case["choices"] = {"ab", "cdef"};
    eval_case["expected"] = "cdef";
    eval_case["scorer"] = eval_case["id"] == "a" ? "choice"
                                                 : "choice-normalized";
  }
  const auto text = RunEvalRequest(request.dump(), runner);
  ASSERT_TRUE(text.ok()) << text.status();
  const Json sidecar = Json::parse(*text);
  EXPECT_EQ(sidecar["cases"][0]["actual"], "ab");
  EXPECT_EQ(sidecar["cases"][0]["passed"], false);
  EXPECT_EQ(sidecar["cases"][1]["actual"], "cdef");
  EXPECT_EQ(sidecar["cases"][1]["passed"], true);
  EXPECT_EQ(sidecar["cases"][1]["likelihoods"][0],
            (Json{{"text_digest", Sha256("ab").ToString()},
                  {"bytes", "2"},
                  {"context_tokens", 4},
                  {"tokens", 2},
                  {"log_likelihood", "-3.000000"}}));
  // Four texts of 4 + 2 - 1 passes, 2 of them with logits.
  EXPECT_EQ(sidecar["counted"]["use"]["forward_passes"], "20");
  EXPECT_EQ(sidecar["counted"]["use"]["logits_passes"], "8");
  EXPECT_EQ(sidecar["counted"]["use"]["kv_peak_tokens"], 5);
}

TEST(EvaluateTest, BitsPerByteOfEachTextAndOfAll) {
  CaseOutput one;
  one.stop_reason = "scored";
  one.likelihoods = {Likely("text", -4000000)};
  CaseOutput two = one;
  two.likelihoods = {Likely("longer text", -4000000)};
  TableRunner runner;
  runner.answers = {{"one", one}, {"two", two}};
  Json request = Request();
  for (Json& eval_case : request["suite"]["cases"]) {
    eval_case.erase("max_new_tokens");
    eval_case["scorer"] = "bits-per-byte";
    eval_case["expected"] = "0.9";
  }
  const auto text = RunEvalRequest(request.dump(), runner);
  ASSERT_TRUE(text.ok()) << text.status();
  const Json sidecar = Json::parse(*text);
  // 4 nats are 5.770780 bits, of 4, of 11 and of 15 bytes.
  EXPECT_EQ(sidecar["cases"][0]["actual"], "1.442695");
  EXPECT_EQ(sidecar["cases"][0]["passed"], false);
  EXPECT_EQ(sidecar["cases"][1]["actual"], "0.524616");
  EXPECT_EQ(sidecar["cases"][1]["passed"], true);
  EXPECT_EQ(sidecar["totals"]["bits_per_byte"], "0.769437");
}

// Five cases of which "c" fails, with 3 + 1 forward passes each.
Json FiveCases(const Json& run) {
  Json request = Request();
  request["run"] = run;
  Json& cases = request["suite"]["cases"];
  cases = Json::array();
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    cases.push_back({{"id", id},
                     {"prompt", id},
                     {"expected", "yes"},
                     {"max_new_tokens", 2u},
                     {"tags", {std::string("tag-") + id, "all"}}});
  }
  return request;
}

TableRunner FiveAnswers() {
  TableRunner runner;
  for (const char* id : {"a", "b", "d", "e"}) {
    runner.answers.emplace(id, Answer("yes"));
  }
  runner.answers.emplace("c", Answer("no"));
  return runner;
}

std::vector<std::string> StopReasons(const Json& sidecar) {
  std::vector<std::string> reasons;
  for (const Json& result : sidecar["cases"]) {
    reasons.push_back(result["stop_reason"]);
  }
  return reasons;
}

Json RunFive(const Json& run) {
  TableRunner runner = FiveAnswers();
  const auto text = RunEvalRequest(FiveCases(run).dump(), runner);
  EXPECT_TRUE(text.ok()) << text.status();
  return Json::parse(text.value_or("null"));
}

TEST(EvaluateTest, ARunThatEndsEarlySaysWhichCasesWereNotRun) {
  using Reasons = std::vector<std::string>;
  const std::string ran = "token-limit";
  EXPECT_EQ(StopReasons(RunFive({{"fail_fast", true}})),
            (Reasons{ran, ran, ran, "not-run:fail-fast", "not-run:fail-fast"}));
  // 8 passes are reached with the second case, 9 with the third.
  EXPECT_EQ(StopReasons(RunFive({{"max_forward_passes", 8u}})),
            (Reasons{ran, ran, "not-run:limit", "not-run:limit",
                     "not-run:limit"}));
  EXPECT_EQ(StopReasons(RunFive({{"max_forward_passes", 9u}})),
            (Reasons{ran, ran, ran, "not-run:limit", "not-run:limit"}));
  const Json filtered = RunFive({{"filter_tags", {"tag-d", "tag-b"}}});
  EXPECT_EQ(StopReasons(filtered),
            (Reasons{"not-run:filter", ran, "not-run:filter", ran,
                     "not-run:filter"}));
  EXPECT_EQ(filtered["totals"]["not_run"], "3");
  EXPECT_EQ(filtered["totals"]["failed"], "0");
  EXPECT_EQ(filtered["pass_rate"], "0.400000");
  EXPECT_EQ(filtered["passed"], false);
  EXPECT_EQ(filtered["counted"]["use"]["case_count"], 2);
  EXPECT_EQ(filtered["run"]["filter_tags"], (Json{"tag-b", "tag-d"}));
}

TEST(EvaluateTest, OmitsTextsAndKeepsTheirDigests) {
  const Json sidecar = RunFive({{"omit_texts", true}});
  const Json& result = sidecar["cases"][2];
  EXPECT_EQ(result["expected"], "");
  EXPECT_EQ(result["actual"], "");
  EXPECT_EQ(result["expected_digest"], Sha256("yes").ToString());
  EXPECT_EQ(result["actual_digest"], Sha256("no").ToString());
  EXPECT_EQ(sidecar["totals"]["passed"], "4");
}

TEST(EvaluateTest, AShardIsTheSuitesPart) {
  std::vector<std::string> ids;
  for (uint32_t index = 0; index < 3; ++index) {
    Json request = FiveCases(Json::object());
    request["shard"] = {{"index", index}, {"count", 3u}};
    TableRunner runner = FiveAnswers();
    const auto text = RunEvalRequest(request.dump(), runner);
    ASSERT_TRUE(text.ok()) << text.status();
    const Json shard = Json::parse(*text);
    EXPECT_EQ(shard["schema_version"], "pedigree.sidecar_shard.v1");
    EXPECT_EQ(shard["shard_index"], index);
    EXPECT_EQ(shard["shard_count"], 3);
    for (const Json& result : shard["cases"]) ids.push_back(result["id"]);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST(EvaluateTest, TellsHowFarItIs) {
  TableRunner runner = FiveAnswers();
  std::vector<uint64_t> seen;
  const auto text = RunEvalRequest(
      FiveCases({{"filter_tags", {"tag-a", "tag-e"}}}).dump(), runner,
      [&](uint64_t done, uint64_t total) {
        EXPECT_EQ(total, 2u);
        seen.push_back(done);
      });
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(seen, (std::vector<uint64_t>{1, 2}));
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

TEST(EvaluateTest, RefusesABadRunOrShard) {
  Json request = Request();
  request["run"] = {{"fail_fats", true}};
  ExpectRefusal(request.dump(),
                "Invalid eval request's run: unknown key \"fail_fats\"");
  request["run"] = {{"filter_tags", {"a b"}}};
  ExpectRefusal(request.dump(),
                "Invalid eval request: \"filter_tags\" has byte 32 at position "
                "1 (expected letters, digits and -_.+/)");
  request["run"] = Json::object();
  request["shard"] = {{"index", 3u}, {"count", 3u}};
  ExpectRefusal(request.dump(),
                "Invalid eval request's shard: \"index\" is 3 (expected 0 to "
                "2)");
}

TEST(EvaluateTest, RefusesABadSuite) {
  Json request = Request();
  request["suite"]["cases"] = Json::array();
  ExpectRefusal(request.dump(),
                "Invalid suite: 0 cases (expected 1 to 100000)");
}

}  // namespace
}  // namespace pedigree
