#include "runtime/evaluation/batch_runner.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/engine.h"
#include "runtime/evaluation/case_plan.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/log_likelihood.h"
#include "runtime/evaluation/suite.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

// An engine with as many sessions as cases are to run at a time.
class EngineRunner : public CaseRunner {
 public:
  EngineRunner(std::string_view file, uint32_t batch, int threads = 1,
               uint32_t batch_tokens = 64) {
    EngineConfig config;
    config.threads = threads;
    config.sequences = batch;
    config.batch_tokens = batch_tokens;
    engine_ = *Engine::Load(AsBytes(file), config);
    for (uint32_t i = 0; i < batch; ++i) {
      sessions_.push_back(*engine_->NewSession());
    }
  }

  absl::StatusOr<Subject> GetSubject() override {
    Subject subject;
    subject.counted = {{"kv_capacity_tokens",
                        engine_->model().shape().max_context},
                       {"kv_bytes_per_token", "1"},
                       {"body_weight_bytes_per_token", "1"},
                       {"output_weight_bytes_per_token", "1"}};
    return subject;
  }
  absl::StatusOr<std::unique_ptr<CaseRun>> StartCases(
      CaseQueue& queue) override {
    std::vector<EngineSession*> sessions;
    for (const auto& session : sessions_) sessions.push_back(session.get());
    return StartBatched(*engine_, sessions, queue);
  }

  Engine& engine() { return *engine_; }
  EngineSession& session() { return *sessions_.front(); }

 private:
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<EngineSession>> sessions_;
};

Json Generation(std::string id, std::string prompt, uint32_t max_new_tokens) {
  return {{"id", std::move(id)},
          {"prompt", std::move(prompt)},
          {"expected", "x"},
          {"max_new_tokens", max_new_tokens}};
}

Json Choice(std::string id, std::string prompt,
            std::vector<std::string> choices) {
  return {{"id", std::move(id)},
          {"prompt", std::move(prompt)},
          {"expected", choices.front()},
          {"choices", std::move(choices)},
          {"scorer", "choice"}};
}

Json Text(std::string id, std::string text) {
  return {{"id", std::move(id)},
          {"prompt", std::move(text)},
          {"expected", "9"},
          {"scorer", "bits-per-byte"}};
}

// Prompts that share starts with others of every kind, in an order that does not
// suit that; some too long; generations to the context's end.
Json MixedCases() {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  Json cases = Json::array();
  for (size_t i = 0; i < 40; ++i) {
    const std::string prompt = text.substr(0, 1 + i * 7 % 41);
    const std::string number = std::to_string(i);
    switch (i % 4) {
      case 0:
        cases.push_back(Generation("g" + number, prompt, 1 + i % 9));
        break;
      case 1:
        cases.push_back(Choice("c" + number, prompt, {" a", "bc", text}));
        break;
      case 2:
        cases.push_back(Text("t" + number, prompt + text));
        break;
      default:
        cases.push_back(Generation("s" + number, prompt + number, 40));
        cases.back()["stop"] = {"e", "ab"};
    }
  }
  return cases;
}

std::string Request(Json cases, Json run = Json::object()) {
  return CanonicalJson({{"manifest_digest", Sha256("manifest").ToString()},
                        {"source_kind", "deterministic-smoke"},
                        {"run", std::move(run)},
                        {"suite",
                         {{"schema_version", kSuiteSchema},
                          {"name", "mixed"},
                          {"version", "1"},
                          {"cases", std::move(cases)}}}});
}

std::string SidecarOf(CaseRunner& runner, const std::string& request) {
  const auto sidecar = RunEvalRequest(request, runner);
  EXPECT_TRUE(sidecar.ok()) << sidecar.status();
  return sidecar.value_or("");
}

class BatchRunnerTest : public testing::Test {
 protected:
  BatchRunnerTest() : file_(TinyModel({})) {}

  AlignedBytes file_;
};

TEST_F(BatchRunnerTest, NoBatchOrThreadChangesAByte) {
  const std::string request = Request(MixedCases());
  EngineRunner one(file_.text(), 1);
  const std::string expected = SidecarOf(one, request);
  for (const uint32_t batch : {2u, 3u, 8u, 32u}) {
    for (const int threads : {1, 2}) {
      EngineRunner runner(file_.text(), batch, threads);
      EXPECT_EQ(SidecarOf(runner, request), expected) << batch << ", " << threads;
      // Nor what the sessions held before.
      EXPECT_EQ(SidecarOf(runner, request), expected) << batch << ", " << threads;
    }
  }
  EngineRunner narrow(file_.text(), 2, 1, 2);
  EXPECT_EQ(SidecarOf(narrow, request), expected);
}

TEST_F(BatchRunnerTest, EachCaseIsAsByItself) {
  EngineRunner together(file_.text(), 8);
  const Json all = Json::parse(SidecarOf(together, Request(MixedCases())));
  for (const Json& eval_case : MixedCases()) {
    EngineRunner alone(file_.text(), 1);
    const Json one = Json::parse(SidecarOf(alone, Request(Json::array({eval_case}))));
    const auto same = std::find_if(
        all["cases"].begin(), all["cases"].end(),
        [&](const Json& other) { return other["id"] == eval_case["id"]; });
    ASSERT_NE(same, all["cases"].end());
    EXPECT_EQ(*same, one["cases"][0]);
  }
}

TEST_F(BatchRunnerTest, GeneratesAsASessionDoes) {
  EngineRunner runner(file_.text(), 4);
  const Json sidecar = Json::parse(
      SidecarOf(runner, Request({Generation("a", "the quick", 12),
                           Generation("b", "the quack", 100)})));
  EngineRunner other(file_.text(), 1);
  GenerationOptions options;
  options.max_new_tokens = 12;
  const auto a = other.session().Generate("the quick", options);
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(sidecar["cases"][0]["actual_digest"],
            Sha256(a->output).ToString());
  EXPECT_EQ(sidecar["cases"][0]["generated_tokens"], 12);
  EXPECT_EQ(sidecar["cases"][0]["prompt_tokens"], 10);
  EXPECT_EQ(sidecar["cases"][1]["stop_reason"], "context-end");
  EXPECT_EQ(sidecar["cases"][1]["generated_tokens"], 38);
}

// The sum of log-probabilities, each from a run of all that stands before.
double LogLikelihoodByHand(EngineRunner& runner, const CasePart& part) {
  const std::vector<bool>& excluded =
      runner.engine().model().tokenizer().excluded();
  const size_t first = part.inputs.size() - part.targets.size();
  double nats = 0;
  for (size_t i = 0; i < part.targets.size(); ++i) {
    EXPECT_TRUE(runner.session().Rewind(0).ok());
    EXPECT_TRUE(runner.session()
                    .Run(absl::MakeConstSpan(part.inputs)
                             .subspan(0, first + i + 1))
                    .ok());
    nats += LogProbability(runner.session().logits(), excluded,
                           part.targets[i]);
  }
  return nats;
}

TEST_F(BatchRunnerTest, ScoresAsOneTokenAtATime) {
  EngineRunner runner(file_.text(), 3);
  const Json cases = {Choice("a", "the quick", {" red fox", "er", " dog"}),
                      Text("b", std::string(100, 'b') + "the quick brown")};
  const Json sidecar = Json::parse(SidecarOf(runner, Request(cases)));
  EngineRunner other(file_.text(), 1);
  for (size_t i = 0; i < 2; ++i) {
    const auto eval_case = ParseEvalCase(cases[i]);
    ASSERT_TRUE(eval_case.ok());
    const auto plan = PlanCase(*eval_case, other.engine().model().tokenizer(),
                               other.session().capacity());
    ASSERT_TRUE(plan.ok());
    const Json& result = sidecar["cases"][i];
    EXPECT_EQ(result["stop_reason"], "scored");
    double sum = 0;
    for (size_t j = 0; j < plan->parts.size(); ++j) {
      const double nats = LogLikelihoodByHand(other, plan->parts[j]);
      sum += nats;
      if (i == 1) continue;
      EXPECT_NEAR(std::stod(result["likelihoods"][j]["log_likelihood"]
                                .get<std::string>()),
                  nats, 5.1e-7);
    }
    if (i == 0) continue;
    // 115 bytes and BOS in windows of 48.
    EXPECT_EQ(plan->parts.size(), 3u);
    EXPECT_NEAR(std::stod(result["actual"].get<std::string>()),
                -sum / std::log(2.0) / 115, 1e-6);
  }
}

TEST_F(BatchRunnerTest, TheOneThatFailsFailsAlone) {
  // Too long for the context beside ones that are not.
  Json cases = {Generation("a", "the", 3),
                Generation("b", std::string(60, 'x'), 3),
                Choice("c", "the", {"x", std::string(60, 'y')}),
                Choice("d", "the", {"x", "y"})};
  EngineRunner runner(file_.text(), 4);
  const Json sidecar = Json::parse(SidecarOf(runner, Request(cases)));
  EXPECT_EQ(sidecar["cases"][0]["stop_reason"], "token-limit");
  EXPECT_EQ(sidecar["cases"][1]["stop_reason"], "error:ContextExceeded");
  EXPECT_EQ(sidecar["cases"][2]["stop_reason"], "error:ContextExceeded");
  EXPECT_EQ(sidecar["cases"][2]["likelihoods"], Json::array());
  EXPECT_EQ(sidecar["cases"][3]["stop_reason"], "scored");
}

TEST_F(BatchRunnerTest, AModelThatOverflowsFailsEveryCaseButNotTheRun) {
  TinyModelOptions options;
  options.weight_range = 1e30f;
  const AlignedBytes file(TinyModel(options));
  for (const uint32_t batch : {1u, 4u}) {
    EngineRunner runner(file.text(), batch);
    const Json sidecar = Json::parse(SidecarOf(runner, Request(MixedCases())));
    for (const Json& result : sidecar["cases"]) {
      EXPECT_NE(result["stop_reason"].get<std::string>().rfind("error:", 0),
                std::string::npos);
    }
  }
}

TEST_F(BatchRunnerTest, ARequestToCancelEndsTheRun) {
  EngineRunner runner(file_.text(), 4);
  runner.session().RequestCancel();
  const auto sidecar = RunEvalRequest(Request(MixedCases()), runner);
  EXPECT_EQ(GetErrorCode(sidecar.status()), ErrorCode::kCancelled);
  EXPECT_TRUE(RunEvalRequest(Request(MixedCases()), runner).ok());
}

TEST_F(BatchRunnerTest, ARunThatEndsEarlyIsTheSameInAnyBatch) {
  for (const Json& run :
       {Json{{"fail_fast", true}}, Json{{"max_forward_passes", 200}},
        Json{{"max_forward_passes", 900}, {"omit_texts", true}}}) {
    const std::string request = Request(MixedCases(), run);
    EngineRunner one(file_.text(), 1);
    const std::string expected = SidecarOf(one, request);
    EXPECT_NE(expected.find("not-run:"), std::string::npos);
    for (const uint32_t batch : {3u, 16u}) {
      EngineRunner runner(file_.text(), batch);
      EXPECT_EQ(SidecarOf(runner, request), expected) << run << batch;
    }
  }
}

}  // namespace
}  // namespace pedigree
