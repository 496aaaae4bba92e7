#include "release/diff/bytes_difference.h"

#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

BytesDifference Compare(const std::string& a, const std::string& b) {
  return CompareBytes(BorrowedBytes(AsBytes(a)), BorrowedBytes(AsBytes(b)));
}

TEST(BytesDifferenceTest, EqualBlobsHaveNone) {
  EXPECT_FALSE(Compare("", "").first_offset.has_value());
  EXPECT_FALSE(Compare("abc", "abc").first_offset.has_value());
}

TEST(BytesDifferenceTest, NamesTheFirstOfThoseThatDiffer) {
  const BytesDifference difference = Compare("abcdef", "aXcdXf");
  EXPECT_EQ(difference.first_offset, 1u);
  EXPECT_EQ(difference.differing, 2u);
}

TEST(BytesDifferenceTest, APrefixDiffersAtItsEnd) {
  const BytesDifference difference = Compare("abc", "abcdef");
  EXPECT_EQ(difference.first_offset, 3u);
  EXPECT_EQ(difference.differing, 0u);
}

TEST(BytesDifferenceTest, LooksBehindTheFirstPiece) {
  std::string a(3 << 20, 'x');
  std::string b = a;
  b[(2 << 20) + 5] = 'y';
  EXPECT_EQ(Compare(a, b).first_offset, (2u << 20) + 5);
}

}  // namespace
}  // namespace pedigree
