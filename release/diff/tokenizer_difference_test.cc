#include "release/diff/tokenizer_difference.h"

#include <string>

#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

constexpr uint32_t kVocabSize = 268;

std::string Pieces() {
  const auto bytes = ReadFile("fixtures/tokenizer/valid/pieces.tok");
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return *bytes;
}

TEST(TokenizerDifferenceTest, EqualSectionsHaveNone) {
  const std::string section = "not even a tokenizer";
  EXPECT_FALSE(CompareTokenizers({AsBytes(section), 3}, {AsBytes(section), 3})
                   .has_value());
}

TEST(TokenizerDifferenceTest, NamesTheFirstIdThatStandsForOtherBytes) {
  const std::string a = Pieces();
  std::string b = a;
  // "\u00e9", which no merge makes, becomes "\u00e8".
  const size_t place = b.find("\xc3\xa9");
  ASSERT_NE(place, std::string::npos);
  b[place + 1] = '\xa8';
  const auto difference =
      CompareTokenizers({AsBytes(a), kVocabSize}, {AsBytes(b), kVocabSize});
  ASSERT_TRUE(difference.has_value());
  EXPECT_EQ(difference->first_offset, place + 1);
  EXPECT_EQ(difference->unread, "");
  EXPECT_EQ(difference->differing_ids, 1u);
  EXPECT_EQ(difference->first_id, 267u);
  EXPECT_EQ(difference->piece_a, "\\xc3\\xa9");
  EXPECT_EQ(difference->piece_b, "\\xc3\\xa8");
  EXPECT_TRUE(difference->fields.empty());
}

TEST(TokenizerDifferenceTest, SaysWhenIdsCannotBeCompared) {
  const auto difference =
      CompareTokenizers({AsBytes("BTOK"), 3}, {AsBytes("BTOX"), 3});
  ASSERT_TRUE(difference.has_value());
  EXPECT_EQ(difference->first_offset, 3u);
  EXPECT_NE(difference->unread, "");
}

}  // namespace
}  // namespace pedigree
