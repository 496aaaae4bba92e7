#include "packager/training/tokenizer_trainer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/training/training_data.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

TokenizerTrainer Trained(PreSplit pre_split,
                         const std::vector<std::string>& texts) {
  TokenizerTrainer trainer(pre_split);
  for (const std::string& text : texts) trainer.Add({"", text, false});
  return trainer;
}

std::unique_ptr<const Tokenizer> Parse(const absl::StatusOr<std::string>& section,
                                       uint32_t vocab_size) {
  EXPECT_TRUE(section.ok()) << section.status();
  auto tokenizer = Tokenizer::Parse(AsBytes(*section), vocab_size);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

TEST(TokenizerTrainerTest, JoinsTheMostFrequentPairs) {
  // "ab" is there 4 times, then "abc" twice.
  const auto tokenizer =
      Parse(Trained(PreSplit::kNone, {"abc", "abd", "abcab"}).Finish(262), 262);
  EXPECT_EQ(tokenizer->kind(), "bpe1");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids{260}), "ab");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids{261}), "abc");
  EXPECT_EQ(*tokenizer->Encode("abcabd"), Ids({256, 261, 260, 'd', 257}));
}

TEST(TokenizerTrainerTest, OfEquallyFrequentPairsTheLowestWins) {
  const auto tokenizer = Parse(
      Trained(PreSplit::kNone, {"xy", "xy", "ba", "ba", "bc", "bc"}).Finish(263),
      263);
  EXPECT_EQ(tokenizer->DecodeBytes(Ids{260}), "ba");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids{261}), "bc");
  EXPECT_EQ(tokenizer->DecodeBytes(Ids{262}), "xy");
}

TEST(TokenizerTrainerTest, TheOrderOfTextsDoesNotMatter) {
  const std::vector<std::string> texts = {"one two", "two three", "three one"};
  EXPECT_EQ(*Trained(PreSplit::kGpt2, texts).Finish(265),
            *Trained(PreSplit::kGpt2, {texts[2], texts[0], texts[1]})
                 .Finish(265));
}

TEST(TokenizerTrainerTest, NothingMergesAcrossWords) {
  const auto tokenizer =
      Parse(Trained(PreSplit::kDigits, {"12 12", "12 12"}).Finish(260), 260);
  EXPECT_EQ(tokenizer->kind(), "bpe1-v2");
  EXPECT_EQ(*tokenizer->Encode("12"), Ids({256, '1', '2', 257}));
  EXPECT_EQ(tokenizer->stop_ids().size(), 1u);
  EXPECT_EQ(tokenizer->stop_ids()[0], 257u);
}

TEST(TokenizerTrainerTest, PromptsAndAnswersAreApart) {
  TokenizerTrainer trainer(PreSplit::kNone);
  for (int i = 0; i < 3; ++i) trainer.Add({"a", "b", true});
  EXPECT_EQ(trainer.Finish(261).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TokenizerTrainerTest, RefusesASizeThatTheTextsDoNotGive) {
  EXPECT_EQ(
      Trained(PreSplit::kNone, {"ab", "ab"}).Finish(300).status().message(),
      "Invalid vocab_size: 300 (the texts give 261: no pair is there twice)");
  EXPECT_EQ(Trained(PreSplit::kNone, {"ab"}).Finish(259).status().message(),
            "Invalid vocab_size: 259 (expected 260 to 65536)");
}

TEST(TokenizerTrainerTest, RefusesAPreSplitThatThereIsNot) {
  EXPECT_EQ(PreSplitByName("words").status().message(),
            "Invalid pre_split: \"words\" (expected none, gpt2, llama3, qwen2 "
            "or digits)");
}

}  // namespace
}  // namespace pedigree
