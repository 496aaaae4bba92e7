#include "runtime/tokenizer/added_tokens.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

AddedToken Token(uint32_t id, std::string_view text, bool left = false,
                 bool right = false) {
  AddedToken token;
  token.id = id;
  token.text = text;
  token.strip_left = left;
  token.strip_right = right;
  return token;
}

// Parts as text: what stands between tokens as it is, tokens as [id].
std::string Show(const AddedTokenFinder& finder, std::string_view text) {
  std::string shown;
  for (const TextPart& part : finder.Split(text)) {
    EXPECT_LT(part.begin, part.end);
    if (part.id == TextPart::kText) {
      shown += text.substr(part.begin, part.end - part.begin);
    } else {
      shown += '[' + std::to_string(part.id) + ']';
    }
  }
  return shown;
}

TEST(AddedTokensTest, WithoutTokensTheTextIsOnePart) {
  EXPECT_EQ(Show(AddedTokenFinder(), "abc"), "abc");
  EXPECT_TRUE(AddedTokenFinder().Split("").empty());
}

TEST(AddedTokensTest, TakesTheLeftmostThenTheLongest) {
  const AddedTokenFinder finder({Token(1, "<a>"), Token(2, "<a>b"),
                                 Token(3, "b<"), Token(4, "<")});
  EXPECT_EQ(Show(finder, "x<a>by"), "x[2]y");
  EXPECT_EQ(Show(finder, "<a>cb<a>"), "[1]c[3]a>");
  EXPECT_EQ(Show(finder, "<<a<a>"), "[4][4]a[1]");
  EXPECT_EQ(Show(finder, "<a><a>b"), "[1][2]");
}

TEST(AddedTokensTest, StripsWhiteSpaceBesideIt) {
  const AddedTokenFinder finder(
      {Token(1, "<l>", true, false), Token(2, "<r>", false, true)});
  EXPECT_EQ(Show(finder, "a \xe3\x80\x80<l> b"), "a[1] b");
  EXPECT_EQ(Show(finder, "a <r> \n b"), "a [2]b");
  EXPECT_EQ(Show(finder, "<r>  <l>"), "[2][1]");
  EXPECT_EQ(Show(finder, "  <l>"), "[1]");
}

// Looking for the end of the white space again and again would take hours.
TEST(AddedTokensTest, TakesAMegabyteOfSpacesThatAreTokens) {
  const AddedTokenFinder finder({Token(1, " ", true, true)});
  EXPECT_EQ(finder.Split(std::string(1 << 20, ' ')).size(), size_t{1} << 20);
}

}  // namespace
}  // namespace pedigree
