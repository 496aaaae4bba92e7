// The expected words are those of the regular expressions in the `tokenizers`
// library 0.23.3; packager/tokenizers/oracle compares many more.

#include "runtime/tokenizer/pre_split.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

using Words = std::vector<std::string>;

Words Split(PreSplit kind, const std::string& text) {
  Words words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = FindWordEnd(kind, text, begin);
    if (end <= begin || end > text.size()) {
      ADD_FAILURE() << "word ends at " << end;
      break;
    }
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

TEST(PreSplitTest, NoneIsOneWord) {
  EXPECT_EQ(Split(PreSplit::kNone, "a b 1"), Words({"a b 1"}));
}

TEST(PreSplitTest, SpacesBelongToTheWordThatFollows) {
  for (const PreSplit kind :
       {PreSplit::kGpt2, PreSplit::kLlama3, PreSplit::kQwen2,
        PreSplit::kDigits}) {
    EXPECT_EQ(Split(kind, "a b"), Words({"a", " b"}));
    EXPECT_EQ(Split(kind, "a   b"), Words({"a", "  ", " b"}));
    EXPECT_EQ(Split(kind, "a   "), Words({"a", "   "}));
    EXPECT_EQ(Split(kind, " !?"), Words({" !?"}));
    EXPECT_EQ(Split(kind, "\xe3\x80\x80\xe3\x80\x80!"),
              Words({"\xe3\x80\x80", "\xe3\x80\x80", "!"}));
  }
}

TEST(PreSplitTest, Gpt2) {
  EXPECT_EQ(Split(PreSplit::kGpt2, "I'll can't 'S 123abc"),
            Words({"I", "'ll", " can", "'t", " '", "S", " 123", "abc"}));
  EXPECT_EQ(Split(PreSplit::kGpt2, "a\n\n b\n"),
            Words({"a", "\n\n", " b", "\n"}));
  EXPECT_EQ(Split(PreSplit::kGpt2, "x=1;\n"), Words({"x", "=", "1", ";", "\n"}));
  EXPECT_EQ(Split(PreSplit::kGpt2, "\ta"), Words({"\t", "a"}));
}

TEST(PreSplitTest, Llama3) {
  EXPECT_EQ(Split(PreSplit::kLlama3, "I'LL can't 1234567 x"),
            Words({"I", "'LL", " can", "'t", " ", "123", "456", "7", " x"}));
  EXPECT_EQ(Split(PreSplit::kLlama3, "f(a);\n\n  b \n c"),
            Words({"f", "(a", ");\n\n", " ", " b", " \n", " c"}));
  EXPECT_EQ(Split(PreSplit::kLlama3, "\ta \r\n \n  x"),
            Words({"\ta", " \r\n \n", " ", " x"}));
  // The long s folds to s.
  EXPECT_EQ(Split(PreSplit::kLlama3, "a'\xc5\xbf" "b"),
            Words({"a", "'\xc5\xbf", "b"}));
  EXPECT_EQ(Split(PreSplit::kLlama3, "'lx 've"), Words({"'lx", " '", "ve"}));
}

TEST(PreSplitTest, Qwen2TakesOneNumberAtATime) {
  EXPECT_EQ(Split(PreSplit::kQwen2, "a12 \xc2\xbd"),
            Words({"a", "1", "2", " ", "\xc2\xbd"}));
}

TEST(PreSplitTest, DigitsStandAloneAndEndWhatIsBeforeThem) {
  EXPECT_EQ(Split(PreSplit::kDigits, "a  12 b'1s"),
            Words({"a", "  ", "1", "2", " b", "'", "1", "s"}));
}

TEST(PreSplitTest, InvalidUtf8IsLikePunctuation) {
  for (const PreSplit kind :
       {PreSplit::kGpt2, PreSplit::kLlama3, PreSplit::kQwen2,
        PreSplit::kDigits}) {
    EXPECT_EQ(Split(kind, "a \xff\xfe" "1\xe2\x82"),
              Words({"a", " \xff\xfe", "1", "\xe2\x82"}));
  }
}

TEST(PreSplitTest, TakesLongRunsInOneStep) {
  const std::string spaces(1 << 20, ' ');
  EXPECT_EQ(Split(PreSplit::kLlama3, spaces + "x"),
            Words({spaces.substr(1), " x"}));
  EXPECT_EQ(Split(PreSplit::kGpt2, std::string(1 << 20, 'a')).size(), 1u);
  EXPECT_EQ(Split(PreSplit::kDigits, std::string(1000, '1')).size(), 1000u);
}

}  // namespace
}  // namespace pedigree
