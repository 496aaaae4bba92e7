#include "release/diff/case_difference.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

Json Result(const std::string& id, const std::string& actual, bool passed) {
  return {{"actual", actual},      {"expected", "e"},
          {"generated_tokens", 3}, {"id", id},
          {"passed", passed},      {"stop_reason", "token-limit"}};
}

CasesDifference Compare(const Json& a, const Json& b,
                        const Tokenizer* tokenizer = nullptr) {
  return CompareCases({{"cases", a}}, {{"cases", b}}, tokenizer, tokenizer);
}

std::unique_ptr<const Tokenizer> ReadTokenizer() {
  const auto section = ReadFile("fixtures/tokenizer/valid/pieces.tok");
  EXPECT_TRUE(section.ok());
  auto tokenizer = Tokenizer::Parse(AsBytes(*section), 268);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

TEST(CaseDifferenceTest, EqualCasesAreCounted) {
  const Json cases = {Result("x", "a", true), Result("y", "b", false)};
  const CasesDifference difference = Compare(cases, cases);
  EXPECT_EQ(difference.cases, 2u);
  EXPECT_EQ(difference.differing, 0u);
  EXPECT_TRUE(difference.kept.empty());
}

TEST(CaseDifferenceTest, NamesCaseByteAndToken) {
  const auto tokenizer = ReadTokenizer();
  const CasesDifference difference =
      Compare({Result("x", "the the", true)}, {Result("x", "the tea", false)},
              tokenizer.get());
  ASSERT_EQ(difference.kept.size(), 1u);
  const CaseDifference& found = difference.kept[0];
  EXPECT_EQ(found.id, "x");
  EXPECT_EQ(found.first_byte, 5u);
  ASSERT_TRUE(found.first_token.has_value());
  EXPECT_EQ(found.first_token->index, 1u);
  EXPECT_EQ(found.first_token->piece_a, " the");
  EXPECT_EQ(found.first_token->piece_b, " ");
  EXPECT_EQ(difference.lost, 1u);
  EXPECT_EQ(difference.gained, 0u);
  ASSERT_EQ(found.fields.size(), 1u);
  EXPECT_EQ(found.fields[0].place, "passed");
}

TEST(CaseDifferenceTest, ATextThatGoesOnDiffersAtTheEndOfTheOther) {
  const auto tokenizer = ReadTokenizer();
  const CasesDifference difference =
      Compare({Result("x", "the", true)}, {Result("x", "the the", true)},
              tokenizer.get());
  ASSERT_EQ(difference.kept.size(), 1u);
  EXPECT_EQ(difference.kept[0].first_byte, 3u);
  EXPECT_EQ(difference.kept[0].first_token->index, 1u);
  EXPECT_EQ(difference.kept[0].first_token->piece_a, "");
}

TEST(CaseDifferenceTest, WithoutATokenizerThereIsNoToken) {
  const CasesDifference difference =
      Compare({Result("x", "a", true)}, {Result("x", "b", true)});
  EXPECT_EQ(difference.kept[0].first_byte, 0u);
  EXPECT_FALSE(difference.kept[0].first_token.has_value());
}

TEST(CaseDifferenceTest, NamesCasesThatOneSidecarLacks) {
  const CasesDifference difference =
      Compare({Result("x", "a", true)}, {Result("y", "a", true)});
  ASSERT_EQ(difference.kept.size(), 2u);
  EXPECT_FALSE(difference.kept[0].b.has_value());
  EXPECT_FALSE(difference.kept[1].a.has_value());
  EXPECT_EQ(difference.lost, 0u);
}

TEST(CaseDifferenceTest, KeepsNoMoreThanTheLimit) {
  Json a = Json::array();
  Json b = Json::array();
  for (size_t i = 0; i <= kMaxCaseDifferences; ++i) {
    a.push_back(Result(absl::StrCat(i), "a", false));
    b.push_back(Result(absl::StrCat(i), "b", true));
  }
  const CasesDifference difference = Compare(a, b);
  EXPECT_EQ(difference.differing, kMaxCaseDifferences + 1);
  EXPECT_EQ(difference.gained, kMaxCaseDifferences + 1);
  EXPECT_EQ(difference.kept.size(), kMaxCaseDifferences);
}

}  // namespace
}  // namespace pedigree
