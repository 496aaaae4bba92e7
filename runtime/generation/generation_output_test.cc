#include "runtime/generation/generation_output.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

// Token i is the byte i; 0 ends a generation, 1 stands for "<stop>".
class PlainTokenizer : public Tokenizer {
 public:
  PlainTokenizer() {
    vocab_size_ = 256;
    stop_ids_ = {0};
  }
  std::string_view kind() const override { return "plain"; }
  absl::StatusOr<std::vector<uint32_t>> Encode(
      std::string_view text) const override {
    return std::vector<uint32_t>(text.begin(), text.end());
  }
  std::string DecodeBytes(absl::Span<const uint32_t> ids,
                          uint32_t) const override {
    std::string bytes;
    for (const uint32_t id : ids) {
      if (id == 1) {
        bytes += "<stop>";
      } else {
        bytes.push_back(static_cast<char>(id));
      }
    }
    return bytes;
  }
};

constexpr uint32_t kPrompt[] = {65, 66};

// What comes of choosing `tokens` one by one, as far as they are wanted.
Generation Generate(const GenerationLimits& limits, std::string_view tokens) {
  const PlainTokenizer tokenizer;
  GenerationOutput output(&tokenizer, limits, kPrompt);
  for (const char token : tokens) {
    if (!output.WantsToken()) break;
    output.Take(static_cast<unsigned char>(token));
  }
  output.WantsToken();
  return output.Result();
}

TEST(GenerationOutputTest, EndsAtAStopTokenAndALimit) {
  const Generation stopped = Generate({9, 99, {}}, std::string_view("ab\0c", 4));
  EXPECT_EQ(stopped.output, "ab");
  EXPECT_EQ(stopped.stop_reason, "stop-token");
  EXPECT_EQ(stopped.token_ids.size(), 2u);
  EXPECT_EQ(stopped.prompt_tokens, 2u);
  EXPECT_EQ(Generate({2, 99, {}}, "abc").stop_reason, "token-limit");
  EXPECT_EQ(Generate({9, 5, {}}, "abcdef").stop_reason, "context-end");
  EXPECT_EQ(Generate({9, 5, {}}, "abcdef").output, "abc");
  EXPECT_EQ(Generate({9, 99, {}}, "abc").stop_reason, "");
}

TEST(GenerationOutputTest, CutsAtAStopStringAcrossTokens) {
  const Generation cut = Generate({9, 99, {"cd"}}, "abcdef");
  EXPECT_EQ(cut.output, "ab");
  EXPECT_EQ(cut.stop_reason, "stop-string");
  // The token that completed it was put out and counts.
  EXPECT_EQ(cut.token_ids.size(), 4u);
}

TEST(GenerationOutputTest, OfStopStringsTheOneThatBeginsFirstCuts) {
  // "<stop>" comes as one token, and both strings with it.
  EXPECT_EQ(Generate({9, 99, {"op", "st"}}, "a\1b").output, "a<");
  EXPECT_EQ(Generate({9, 99, {"st", "op"}}, "a\1b").output, "a<");
  EXPECT_EQ(Generate({9, 99, {"a<"}}, "a\1b").output, "");
  EXPECT_EQ(Generate({9, 99, {"zz"}}, "a\1b").output, "a<stop>b");
}

TEST(GenerationOutputTest, AStopStringInThePromptIsNone) {
  EXPECT_EQ(Generate({3, 99, {"AB", "Bx"}}, "xyz").output, "xyz");
}

TEST(GenerationOutputTest, AStopStringGoesBeforeTheTokenLimit) {
  EXPECT_EQ(Generate({2, 99, {"b"}}, "abc").stop_reason, "stop-string");
}

TEST(GenerationOutputTest, EndsBeforeThePastOfTheOutputCap) {
  const PlainTokenizer tokenizer;
  GenerationOutput output(&tokenizer, {1000000, 1000000, {}}, kPrompt);
  size_t count = 0;
  while (output.WantsToken() && output.Take('x').has_value()) ++count;
  EXPECT_EQ(count, kMaxOutputBytes);
  EXPECT_EQ(StopReasonName(output.stop_reason()), "output-limit");
}

TEST(GenerationOutputTest, CancelEnds) {
  const PlainTokenizer tokenizer;
  GenerationOutput output(&tokenizer, {9, 99, {}}, kPrompt);
  output.Cancel();
  EXPECT_FALSE(output.WantsToken());
  EXPECT_EQ(output.Result().stop_reason, "cancelled");
}

}  // namespace
}  // namespace pedigree
