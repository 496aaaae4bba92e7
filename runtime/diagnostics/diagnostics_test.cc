#include "runtime/diagnostics/diagnostics.h"

#include <optional>

#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

Json Document(const Json& counted, const Measured& measured,
              const RuntimeState& state,
              const std::optional<TokenDetail>& detail) {
  return *ParseJson(DiagnosticsDocument(counted, measured, state, detail),
                    "diagnostics");
}

TEST(DiagnosticsTest, ShowsNeitherCountsNorTokensUnlessGiven) {
  const Json document = Document(nullptr, {}, {}, std::nullopt);
  EXPECT_EQ(document["schema_version"], "pedigree.diagnostics.v1");
  EXPECT_FALSE(document.contains("counted"));
  EXPECT_FALSE(document.contains("detail"));
  EXPECT_EQ(document["state"]["model_loaded"], false);
}

TEST(DiagnosticsTest, KeepsTheCountedPartAsItIs) {
  const Json counted = {{"model_bytes", "12"}};
  EXPECT_EQ(Document(counted, {}, {}, std::nullopt)["counted"], counted);
}

TEST(DiagnosticsTest, DerivesRatesFromTimes) {
  Measured measured;
  measured.has_clock = true;
  measured.prefill_ns = 2000000000;
  measured.decode_ns = 3000000;
  RuntimeState state;
  state.prompt_tokens = 5;
  state.generated_tokens = 7;
  const Json document = Document(nullptr, measured, state, std::nullopt);
  EXPECT_EQ(document["measured"]["prefill_tokens_per_second"], "2.500");
  EXPECT_EQ(document["measured"]["decode_tokens_per_second"], "2333.333");
  EXPECT_EQ(document["measured"]["decode_ns"], "3000000");
}

TEST(DiagnosticsTest, NoTimeIsNoRate) {
  RuntimeState state;
  state.generated_tokens = 7;
  const Json document = Document(nullptr, {}, state, std::nullopt);
  EXPECT_EQ(document["measured"]["decode_tokens_per_second"], "0.000");
}

TEST(DiagnosticsTest, NamesTheLastError) {
  RuntimeState state;
  state.last_error = ErrorCode::kContextExceeded;
  state.sampling.temperature = 0.7f;
  state.sampling.seed = 18446744073709551615u;
  const Json document = Document(nullptr, {}, state, std::nullopt);
  EXPECT_EQ(document["state"]["last_error"], 11);
  EXPECT_EQ(document["state"]["last_error_name"], "ContextExceeded");
  EXPECT_EQ(document["state"]["sampling"]["temperature"], "0.7");
  EXPECT_EQ(document["state"]["sampling"]["seed"], "18446744073709551615");
}

TEST(DiagnosticsTest, DetailShowsTokensAndLogits) {
  TokenDetail detail;
  detail.token_ids = {4, 2};
  detail.logits = {1.0f, -2.5f, 3.0f};
  detail.top_candidates = {{2, 3.0f}, {0, 1.0f}};
  const Json document = Document(nullptr, {}, {}, detail);
  EXPECT_EQ(document["detail"]["token_ids"], (Json{4, 2}));
  EXPECT_EQ(document["detail"]["selected_token"], 2);
  EXPECT_EQ(document["detail"]["logits"]["count"], 3);
  EXPECT_EQ(document["detail"]["logits"]["minimum"], "-2.5");
  EXPECT_EQ(document["detail"]["logits"]["maximum"], "3");
  EXPECT_EQ(document["detail"]["logits"]["mean"], "0.5");
  EXPECT_EQ(document["detail"]["top_candidates"][0]["token"], 2);
  EXPECT_EQ(document["detail"]["top_candidates"][1]["logit"], "1");
}

}  // namespace
}  // namespace pedigree
