#include "runtime/exports/runtime.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/format/slm_format.h"
#include "runtime/testing/case_runs.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

class RuntimeTest : public testing::Test {
 protected:
  RuntimeTest()
      : file_(TinyModel({})),
        adapter_(TinyAdapter(file_.text(),
                             {{"norm.weight", RandomValues(3, 32, 2)}})) {}

  void Load() { ASSERT_TRUE(runtime_.LoadModel(AsBytes(file_.text())).ok()); }
  std::string Output(std::string_view prompt = "hello") {
    return runtime_.Generate(prompt, 12)->output;
  }
  Json Diagnostics() const {
    return *ParseJson(runtime_.Diagnostics(), "diagnostics");
  }

  AlignedBytes file_;
  AlignedBytes adapter_;
  Runtime runtime_;
};

TEST_F(RuntimeTest, AsksForAModelFirst) {
  EXPECT_FALSE(runtime_.model_loaded());
  for (const absl::Status& status :
       {runtime_.Generate("a", 1).status(), runtime_.BeginGeneration("a", 1),
        runtime_.NextToken().status(), RunOneCase(runtime_, "a", 1).status(),
        runtime_.GetSubject().status(), runtime_.ResetContext(),
        runtime_.FreeModel(), runtime_.ResetAdapters(),
        runtime_.ApplyAdapter(AsBytes(adapter_.text())),
        runtime_.ValidateAdapter(AsBytes(adapter_.text()))}) {
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kModelNotLoaded);
    EXPECT_EQ(status.message(), "No model is loaded");
  }
}

TEST_F(RuntimeTest, GeneratesTheSameTwice) {
  Load();
  const absl::StatusOr<Generation> first = runtime_.Generate("hello", 12);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->token_ids.size(), 12u);
  EXPECT_EQ(first->prompt_tokens, 6u);
  EXPECT_EQ(first->stop_reason, "token-limit");
  const absl::StatusOr<Generation> second = runtime_.Generate("hello", 12);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->output, first->output);
  EXPECT_EQ(second->token_ids, first->token_ids);
}

TEST_F(RuntimeTest, StreamsTheOutputAndStopsWhenToldTo) {
  Load();
  std::string streamed;
  const absl::StatusOr<Generation> all =
      runtime_.Generate("hello", 12, [&streamed](std::string_view bytes) {
        streamed += bytes;
        return true;
      });
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(streamed, all->output);
  int calls = 0;
  const absl::StatusOr<Generation> some =
      runtime_.Generate("hello", 12, [&calls](std::string_view) {
        return ++calls < 3;
      });
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(some->stop_reason, "cancelled");
  EXPECT_EQ(some->output, all->output.substr(0, some->output.size()));
}

TEST_F(RuntimeTest, StepsGiveTheSameBytesAsOneCall) {
  Load();
  const std::string whole = Output();
  ASSERT_TRUE(runtime_.BeginGeneration("hello", 12).ok());
  std::string steps;
  while (true) {
    const absl::StatusOr<std::optional<std::string>> bytes =
        runtime_.NextToken();
    ASSERT_TRUE(bytes.ok());
    if (!bytes->has_value()) break;
    steps += **bytes;
  }
  EXPECT_EQ(steps, whole);
  EXPECT_EQ(Diagnostics()["state"]["stop_reason"], "token-limit");
}

TEST_F(RuntimeTest, AFailedLoadKeepsThePreviousModel) {
  Load();
  ASSERT_TRUE(runtime_.ApplyAdapter(AsBytes(adapter_.text())).ok());
  const std::string before = Output();
  const AlignedBytes broken(std::string(file_.text().substr(0, 500)));
  EXPECT_FALSE(runtime_.LoadModel(AsBytes(broken.text())).ok());
  EXPECT_EQ(Output(), before);
}

TEST_F(RuntimeTest, AHostileContextIsAResourceLimitAndKeepsThePreviousModel) {
  Load();
  const std::string before = Output();
  TinyModelOptions options;
  options.max_context = 4000000000u;
  const AlignedBytes hostile(TinyModel(options));
  const absl::Status status = runtime_.LoadModel(AsBytes(hostile.text()));
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
  EXPECT_EQ(Output(), before);
}

TEST_F(RuntimeTest, AdaptersChangeTheOutputAndResetRestoresIt) {
  Load();
  const std::string base = Output();
  ASSERT_TRUE(runtime_.ValidateAdapter(AsBytes(adapter_.text())).ok());
  EXPECT_EQ(Output(), base);
  ASSERT_TRUE(runtime_.ApplyAdapter(AsBytes(adapter_.text())).ok());
  EXPECT_NE(Output(), base);
  const absl::StatusOr<Subject> subject = runtime_.GetSubject();
  ASSERT_TRUE(subject.ok());
  EXPECT_EQ(subject->model_digest, Sha256(file_.text()));
  ASSERT_EQ(subject->adapter_digests.size(), 1u);
  EXPECT_EQ(subject->adapter_digests[0], Sha256(adapter_.text()));
  EXPECT_EQ(subject->counted["assembly_digest"],
            subject->assembly_digest.ToString());
  EXPECT_EQ(subject->counted["use"]["case_count"], 0);
  ASSERT_TRUE(runtime_.ResetAdapters().ok());
  EXPECT_EQ(Output(), base);
}

TEST_F(RuntimeTest, TheSubjectNamesTheReceiptsOfASiblingsAdapter) {
  Load();
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  const std::string sibling = TinyModel(options);
  const AlignedBytes adapter(TinyAdapter(
      sibling, {{"norm.weight", std::vector<float>(32, 0.5f)}}));
  EXPECT_EQ(GetErrorCode(runtime_.ApplyAdapter(AsBytes(adapter.text()))),
            ErrorCode::kAdapterIdentityMismatch);
  const Sibling siblings[] = {{Sha256(sibling), {Sha256("receipt")}}};
  ApplyOptions apply;
  apply.siblings = siblings;
  EXPECT_TRUE(runtime_.ValidateAdapter(AsBytes(adapter.text()), apply).ok());
  ASSERT_TRUE(runtime_.ApplyAdapter(AsBytes(adapter.text()), apply).ok());
  EXPECT_EQ(runtime_.GetSubject()->parent_receipt_digests,
            std::vector<Digest>{Sha256("receipt")});
  ASSERT_TRUE(runtime_.ResetAdapters().ok());
  EXPECT_TRUE(runtime_.GetSubject()->parent_receipt_digests.empty());
}

TEST_F(RuntimeTest, ApplyingAndResettingForgetTheContext) {
  Load();
  ASSERT_TRUE(runtime_.BeginGeneration("hello", 5).ok());
  ASSERT_TRUE(runtime_.ApplyAdapter(AsBytes(adapter_.text())).ok());
  EXPECT_FALSE((*runtime_.NextToken()).has_value());
  EXPECT_EQ(Diagnostics()["state"]["kv_length"], 0);
  ASSERT_TRUE(runtime_.BeginGeneration("hello", 5).ok());
  ASSERT_TRUE(runtime_.ResetContext().ok());
  EXPECT_FALSE((*runtime_.NextToken()).has_value());
}

TEST_F(RuntimeTest, AFailedApplyKeepsTheContext) {
  Load();
  ASSERT_TRUE(runtime_.BeginGeneration("hello", 12).ok());
  const AlignedBytes broken("ADP1 but no adapter");
  EXPECT_FALSE(runtime_.ApplyAdapter(AsBytes(broken.text())).ok());
  EXPECT_TRUE((*runtime_.NextToken()).has_value());
}

TEST_F(RuntimeTest, BadSettingsKeepTheOldOnes) {
  Load();
  ASSERT_TRUE(runtime_.SetSampling({0.8f, 40, 0.9f, 5}).ok());
  const std::string before = Output();
  EXPECT_FALSE(runtime_.SetSampling({-1, 40, 0.9f, 5}).ok());
  EXPECT_EQ(Output(), before);
  EXPECT_EQ(Diagnostics()["state"]["sampling"]["top_k"], 40);
}

TEST_F(RuntimeTest, CasesAreGreedyWhateverTheSettings) {
  Load();
  const std::string greedy = Output();
  ASSERT_TRUE(runtime_.SetSampling({2.0f, 200, 1, 5}).ok());
  ASSERT_NE(Output(), greedy);
  const absl::StatusOr<CaseOutput> output = RunOneCase(runtime_, "hello", 12);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->output, greedy);
  EXPECT_EQ(output->token_ids.size(), 12u);
  EXPECT_EQ(output->stop_reason, "token-limit");
}

TEST_F(RuntimeTest, ARequestToCancelFailsOneGeneration) {
  Load();
  runtime_.RequestCancel();
  const absl::Status status = runtime_.Generate("hello", 5).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kCancelled);
  EXPECT_TRUE(runtime_.Generate("hello", 5).ok());
  ASSERT_TRUE(runtime_.BeginGeneration("hello", 5).ok());
  runtime_.RequestCancel();
  EXPECT_EQ(GetErrorCode(runtime_.NextToken().status()),
            ErrorCode::kCancelled);
  EXPECT_FALSE((*runtime_.NextToken()).has_value());
}

TEST_F(RuntimeTest, PromptErrorsKeepTheModel) {
  Load();
  EXPECT_EQ(GetErrorCode(
                runtime_.Generate(std::string(100, 'a'), 5).status()),
            ErrorCode::kContextExceeded);
  EXPECT_TRUE(runtime_.Generate("hello", 5).ok());
}

TEST_F(RuntimeTest, FreeingDropsTheModel) {
  Load();
  ASSERT_TRUE(runtime_.FreeModel().ok());
  EXPECT_FALSE(runtime_.model_loaded());
  EXPECT_EQ(GetErrorCode(runtime_.FreeModel()), ErrorCode::kModelNotLoaded);
}

TEST_F(RuntimeTest, DiagnosticsCountTheLastGeneration) {
  Load();
  ASSERT_TRUE(runtime_.Generate("hello", 12).ok());
  const Json document = Diagnostics();
  EXPECT_EQ(document["state"]["prompt_tokens"], 6);
  EXPECT_EQ(document["state"]["generated_tokens"], 12);
  EXPECT_EQ(document["counted"]["use"]["forward_passes"], "17");
  EXPECT_EQ(document["measured"]["has_clock"], false);
  EXPECT_FALSE(document.contains("detail"));
}

TEST_F(RuntimeTest, DiagnosticsShowTokensOnlyWhenAskedTo) {
  Load();
  runtime_.ShowTokenDetail(true);
  const absl::StatusOr<Generation> generation = runtime_.Generate("hello", 12);
  ASSERT_TRUE(generation.ok());
  const Json detail = Diagnostics()["detail"];
  EXPECT_EQ(detail["token_ids"], Json(generation->token_ids));
  EXPECT_EQ(detail["selected_token"], generation->token_ids.back());
  ASSERT_EQ(detail["top_candidates"].size(), 5u);
  // Greedy takes the best.
  EXPECT_EQ(detail["top_candidates"][0]["token"],
            generation->token_ids.back());
  EXPECT_EQ(detail["logits"]["count"], 260);
}

TEST_F(RuntimeTest, AClockMeasuresTimes) {
  uint64_t now_ns = 0;
  runtime_.SetClock([&now_ns] { return now_ns += 1000; });
  Load();
  ASSERT_TRUE(runtime_.Generate("hello", 2).ok());
  const Json measured = Diagnostics()["measured"];
  EXPECT_EQ(measured["has_clock"], true);
  EXPECT_EQ(measured["load_ns"], "1000");
  EXPECT_EQ(measured["prefill_ns"], "1000");
  EXPECT_EQ(measured["decode_ns"], "3000");  // two tokens and the end
}

TEST_F(RuntimeTest, NotesTheLastError) {
  runtime_.NoteStatus(MakeError(ErrorCode::kChecksumMismatch, "x"));
  EXPECT_EQ(Diagnostics()["state"]["last_error"], 21);
  runtime_.NoteStatus(absl::OkStatus());
  EXPECT_EQ(Diagnostics()["state"]["last_error_name"], "Ok");
}

}  // namespace
}  // namespace pedigree
