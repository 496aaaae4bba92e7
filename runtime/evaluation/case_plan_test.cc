#include "runtime/evaluation/case_plan.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

// A token a byte, but "ab" is token 300 and "?" one that is excluded. BOS, 256,
// stands first unless without_bos.
class MergingTokenizer : public Tokenizer {
 public:
  explicit MergingTokenizer(bool without_bos = false)
      : without_bos_(without_bos) {
    vocab_size_ = 301;
    bos_ = 256;
    eos_ = 257;
    excluded_.resize(301);
    excluded_['?'] = true;
  }
  std::string_view kind() const override { return "merging"; }
  absl::StatusOr<Ids> Encode(std::string_view text) const override {
    Ids ids;
    if (!without_bos_) ids.push_back(bos_);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text.substr(i, 2) == "ab") {
        ids.push_back(300);
        ++i;
      } else {
        ids.push_back(static_cast<unsigned char>(text[i]));
      }
    }
    return ids;
  }
  std::string DecodeBytes(absl::Span<const uint32_t>,
                          uint32_t) const override {
    return "";
  }

 private:
  const bool without_bos_;
};

EvalCase Case(std::string scorer, std::string prompt,
              std::vector<std::string> choices = {}) {
  EvalCase eval_case;
  eval_case.id = "case";
  eval_case.scorer = std::move(scorer);
  eval_case.prompt = std::move(prompt);
  eval_case.choices = std::move(choices);
  return eval_case;
}

absl::StatusOr<CasePlan> Plan(const EvalCase& eval_case,
                              uint32_t context_tokens = 8,
                              bool without_bos = false) {
  return PlanCase(eval_case, MergingTokenizer(without_bos), context_tokens);
}

TEST(CasePlanTest, AGenerationRunsItsPrompt) {
  const auto plan = Plan(Case("exact-match", "xab"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->parts.size(), 1u);
  EXPECT_EQ(plan->parts[0].inputs, (Ids{256, 'x', 300}));
  EXPECT_TRUE(plan->parts[0].targets.empty());
  EXPECT_TRUE(plan->likelihoods.empty());
  EXPECT_EQ(plan->prompt_tokens, 3u);
}

TEST(CasePlanTest, AChoiceIsScoredBehindThePrompt) {
  const auto plan = Plan(Case("choice", "x", {"yz", "w"}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->parts.size(), 2u);
  // The last token predicts nothing that is asked for.
  EXPECT_EQ(plan->parts[0].inputs, (Ids{256, 'x', 'y'}));
  EXPECT_EQ(plan->parts[0].targets, (Ids{'y', 'z'}));
  EXPECT_EQ(plan->parts[1].inputs, (Ids{256, 'x'}));
  EXPECT_EQ(plan->parts[1].targets, (Ids{'w'}));
  EXPECT_EQ(plan->likelihoods[0].context_tokens, 2u);
  EXPECT_EQ(plan->likelihoods[0].tokens, 2u);
  EXPECT_EQ(plan->likelihoods[0].bytes, 2u);
  EXPECT_EQ(plan->likelihoods[0].text_digest, Sha256("yz"));
}

TEST(CasePlanTest, AChoiceThatMergesWithThePromptTakesItsLastToken) {
  const auto plan = Plan(Case("choice", "xa", {"bc", "d"}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->parts[0].inputs, (Ids{256, 'x', 300}));
  EXPECT_EQ(plan->parts[0].targets, (Ids{300, 'c'}));
  EXPECT_EQ(plan->likelihoods[0].context_tokens, 2u);
  EXPECT_EQ(plan->parts[1].targets, (Ids{'d'}));
  EXPECT_EQ(plan->likelihoods[1].context_tokens, 3u);
}

TEST(CasePlanTest, WithoutBosTheFirstTokenIsGiven) {
  const auto plan = Plan(Case("choice", "", {"yz", "wv"}), 8, true);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->parts[0].inputs, (Ids{'y'}));
  EXPECT_EQ(plan->parts[0].targets, (Ids{'z'}));
  EXPECT_EQ(plan->prompt_tokens, 0u);
  EXPECT_EQ(GetErrorCode(Plan(Case("choice", "", {"y", "wv"}), 8, true)
                             .status()),
            ErrorCode::kInvalidLength);
}

TEST(CasePlanTest, ATextIsScoredWholeInWindowsThatFit) {
  const auto plan = Plan(Case("bits-per-byte", "abcdef"), 3);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->parts.size(), 2u);
  EXPECT_EQ(plan->parts[0].inputs, (Ids{256, 300, 'c'}));
  EXPECT_EQ(plan->parts[0].targets, (Ids{300, 'c', 'd'}));
  EXPECT_EQ(plan->parts[1].inputs, (Ids{256, 'e'}));
  EXPECT_EQ(plan->parts[1].targets, (Ids{'e', 'f'}));
  ASSERT_EQ(plan->likelihoods.size(), 1u);
  EXPECT_EQ(plan->likelihoods[0].bytes, 6u);
  EXPECT_EQ(plan->likelihoods[0].tokens, 5u);
  EXPECT_EQ(plan->likelihoods[0].context_tokens, 1u);
}

TEST(CasePlanTest, RefusesWhatHasNoTokensOrTooMany) {
  EXPECT_EQ(GetErrorCode(Plan(Case("exact-match", ""), 8, true).status()),
            ErrorCode::kInvalidLength);
  EXPECT_EQ(GetErrorCode(Plan(Case("bits-per-byte", "")).status()),
            ErrorCode::kInvalidLength);
  const absl::Status too_long = Plan(Case("exact-match", "12345678")).status();
  EXPECT_EQ(GetErrorCode(too_long), ErrorCode::kContextExceeded);
  EXPECT_EQ(too_long.message(), "Prompt of 9 tokens exceeds max_context 8");
  // A choice's last token need not fit.
  EXPECT_TRUE(Plan(Case("choice", "123456", {"7", "78"})).ok());
  EXPECT_EQ(
      GetErrorCode(Plan(Case("choice", "123456", {"7", "789"})).status()),
      ErrorCode::kContextExceeded);
}

TEST(CasePlanTest, RefusesToScoreWhatTakesNoPart) {
  EXPECT_EQ(GetErrorCode(Plan(Case("choice", "x", {"?", "y"})).status()),
            ErrorCode::kGenerationFailed);
  EXPECT_EQ(GetErrorCode(Plan(Case("bits-per-byte", "x?")).status()),
            ErrorCode::kGenerationFailed);
  // In the prompt it stands for nothing worse than context.
  EXPECT_TRUE(Plan(Case("choice", "?", {"x", "y"})).ok());
}

}  // namespace
}  // namespace pedigree
