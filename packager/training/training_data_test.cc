#include "packager/training/training_data.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

std::unique_ptr<const Tokenizer> Bytes() {
  const std::string section = WriteBtok();
  return *Tokenizer::Parse(AsBytes(section), 260);
}

// Merges t+h -> 260, 260+e -> 261, e+space -> 262.
std::unique_ptr<const Tokenizer> Pieces() {
  const std::string section =
      *WriteBpe1({{260, "th"}, {261, "the"}, {262, "e "}},
                 {{'t', 'h', 260, 0}, {260, 'e', 261, 1}, {'e', ' ', 262, 2}});
  return *Tokenizer::Parse(AsBytes(section), 263);
}

Ids IdsOf(const TrainingSequence& sequence) {
  return Ids(sequence.ids.begin(), sequence.ids.end());
}

std::string Refusal(std::string_view file, uint32_t context = 16) {
  TrainingData data;
  return std::string(data.AddFile(file, *Bytes(), context).message());
}

TEST(TrainingDataTest, AllOfATextIsToBeLearned) {
  TrainingData data;
  ASSERT_TRUE(data.AddFile("{\"text\": \"ab\"}\n\n {\"text\": \"\"}", *Bytes(),
                           16)
                  .ok());
  ASSERT_EQ(data.size(), 2u);
  EXPECT_EQ(IdsOf(data.sequence(0)), Ids({256, 'a', 'b', 257}));
  EXPECT_EQ(data.sequence(0).first_target, 1u);
  EXPECT_EQ(IdsOf(data.sequence(1)), Ids({256, 257}));
}

TEST(TrainingDataTest, OfAPromptOnlyTheAnswerIsToBeLearned) {
  TrainingData data;
  ASSERT_TRUE(data.AddFile("{\"prompt\":\"a\",\"answer\":\"bc\"}", *Bytes(), 16)
                  .ok());
  EXPECT_EQ(IdsOf(data.sequence(0)), Ids({256, 'a', 'b', 'c', 257}));
  EXPECT_EQ(data.sequence(0).first_target, 2u);
  EXPECT_EQ(data.sequence(0).targets(), 3u);
}

TEST(TrainingDataTest, AnAnswerNeverMergesIntoThePrompt) {
  TrainingData data;
  const std::unique_ptr<const Tokenizer> pieces = Pieces();
  ASSERT_TRUE(data.AddFile("{\"prompt\":\"th\",\"answer\":\"e x\"}\n"
                           "{\"prompt\":\"x\",\"answer\":\"the\"}",
                           *pieces, 16)
                  .ok());
  EXPECT_EQ(IdsOf(data.sequence(0)), Ids({256, 260, 262, 'x', 257}));
  EXPECT_EQ(data.sequence(0).first_target, 2u);
  EXPECT_EQ(IdsOf(data.sequence(1)), Ids({256, 'x', 261, 257}));
}

TEST(TrainingDataTest, ATextMayFillTheContext) {
  TrainingData data;
  EXPECT_TRUE(data.AddFile("{\"text\":\"abc\"}", *Bytes(), 4).ok());
  EXPECT_EQ(data.sequence(0).inputs(), 4u);
}

TEST(TrainingDataTest, RefusesATextLongerThanTheContext) {
  EXPECT_EQ(Refusal("{\"text\":\"abc\"}\n{\"text\":\"abcd\"}", 4),
            "Training text of 5 tokens exceeds max_context 4, line 2");
}

TEST(TrainingDataTest, RefusesEmptyData) {
  EXPECT_EQ(Refusal(" \n\n"),
            "Invalid training data: no texts (expected 1 or more)");
}

TEST(TrainingDataTest, RefusesLinesThatAreNoTexts) {
  EXPECT_NE(Refusal("{\"text\":\"a\"}\nhello").find(", line 2"),
            std::string::npos);
  EXPECT_NE(Refusal("{\"text\":\"a\",\"weight\":2}").find("weight"),
            std::string::npos);
  EXPECT_NE(Refusal("{\"prompt\":\"a\"}").find("answer"), std::string::npos);
  EXPECT_NE(Refusal("{\"text\":\"a\",\"answer\":\"b\"}").find("answer"),
            std::string::npos);
  EXPECT_NE(Refusal("[]"), "");
}

TEST(TrainingDataTest, RefusesTextThatTheTokenizerHasNoTokensFor) {
  Bpe1V2Content content;
  content.vocab_size = 261;
  content.byte_fallback = false;
  content.normalizer = Normalizer::kNone;
  content.stop_ids = {257};
  content.tokens = {{260, "a"}};
  const std::string section = *WriteBpe1V2(content);
  const auto tokenizer = *Tokenizer::Parse(AsBytes(section), 261);
  TrainingData data;
  EXPECT_EQ(data.AddFile("{\"text\":\"ab\"}", *tokenizer, 16).message(),
            "Invalid training text: token 2 is UNK (expected text that the "
            "tokenizer has tokens for), line 1");
}

}  // namespace
}  // namespace pedigree
