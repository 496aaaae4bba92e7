#include "runtime/tokenizer/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

using Kind = Utf8Sequence::Kind;

constexpr char kReplacement[] = "\xef\xbf\xbd";

TEST(Utf8Test, ReadsAndWritesTheEdgesOfEachLength) {
  const struct {
    std::string bytes;
    uint32_t code_point;
  } kCases[] = {{std::string(1, '\0'), 0},
                {"\x7f", 0x7f},
                {"\xc2\x80", 0x80},
                {"\xdf\xbf", 0x7ff},
                {"\xe0\xa0\x80", 0x800},
                {"\xed\x9f\xbf", 0xd7ff},
                {"\xee\x80\x80", 0xe000},
                {"\xef\xbf\xbf", 0xffff},
                {"\xf0\x90\x80\x80", 0x10000},
                {"\xf4\x8f\xbf\xbf", 0x10ffff}};
  for (const auto& c : kCases) {
    const Utf8Sequence sequence = ReadUtf8(c.bytes, 0);
    EXPECT_EQ(sequence.kind, Kind::kCharacter) << c.code_point;
    EXPECT_EQ(sequence.length, c.bytes.size()) << c.code_point;
    EXPECT_EQ(sequence.code_point, c.code_point);
    std::string written;
    AppendUtf8(c.code_point, written);
    EXPECT_EQ(written, c.bytes);
  }
}

TEST(Utf8Test, RefusesOverlongFormsSurrogatesAndStrayBytes) {
  for (const char* bytes :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\xc3(", "\xe2\x82("}) {
    EXPECT_EQ(ReadUtf8(bytes, 0).kind, Kind::kInvalid) << bytes;
    EXPECT_EQ(FindInvalidUtf8(bytes), 0u) << bytes;
  }
}

TEST(Utf8Test, FindsTheFirstInvalidByte) {
  EXPECT_FALSE(FindInvalidUtf8("").has_value());
  EXPECT_FALSE(FindInvalidUtf8("caf\xc3\xa9").has_value());
  EXPECT_EQ(FindInvalidUtf8("caf\xc3\xa9\xff"), 5u);
  EXPECT_EQ(FindInvalidUtf8("caf\xc3"), 3u);
}

// The example of Unicode 15 table 3-8.
TEST(Utf8Test, ReplacesEachMaximalSequenceOnce) {
  const std::string r = kReplacement;
  EXPECT_EQ(ReplaceInvalidUtf8(
                "a\xf1\x80\x80\xe1\x80\xc2"
                "b\x80"
                "c\x80\xbf"
                "d"),
            "a" + r + r + r + "b" + r + "c" + r + r + "d");
  EXPECT_EQ(ReplaceInvalidUtf8("ok \xc3\xa9"), "ok \xc3\xa9");
  EXPECT_EQ(ReplaceInvalidUtf8("cut \xe2\x82"), "cut " + r);
}

TEST(Utf8Test, HoldsBackAnIncompleteTailOnly) {
  EXPECT_EQ(CompleteUtf8Prefix(""), 0u);
  EXPECT_EQ(CompleteUtf8Prefix("abc"), 3u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\xc3"), 2u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\xc3\xa9"), 4u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\xe2\x82"), 2u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\xf0\x9f\x98"), 2u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\xf0\x9f\x98\x80"), 6u);
  EXPECT_EQ(CompleteUtf8Prefix("\xf0"), 0u);
}

TEST(Utf8Test, DoesNotWaitForWhatCannotBecomeACharacter) {
  EXPECT_EQ(CompleteUtf8Prefix("ab\xff"), 3u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\x80\x80"), 4u);
  EXPECT_EQ(CompleteUtf8Prefix("ab\xe0\x80"), 4u);
}

}  // namespace
}  // namespace pedigree
