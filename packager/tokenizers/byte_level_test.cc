#include "packager/tokenizers/byte_level.h"

#include <optional>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(ByteLevelTest, KnowsTheUsualCharacters) {
  EXPECT_EQ(BytesOfByteLevel("the"), "the");
  EXPECT_EQ(BytesOfByteLevel("\xc4\xa0he"), " he");      // U+0120
  EXPECT_EQ(BytesOfByteLevel("\xc4\x8a"), "\n");         // U+010A
  EXPECT_EQ(BytesOfByteLevel("\xc3\x83\xc2\xa9"), "\xc3\xa9");
  EXPECT_EQ(BytesOfByteLevel("\xc4\x80"), std::string(1, '\0'));
  EXPECT_EQ(BytesOfByteLevel("\xc5\x83"), "\xad");       // U+0143, the last
}

TEST(ByteLevelTest, RefusesOtherCharacters) {
  EXPECT_EQ(BytesOfByteLevel(" "), std::nullopt);
  EXPECT_EQ(BytesOfByteLevel("\xc5\x84"), std::nullopt);
  EXPECT_EQ(BytesOfByteLevel("a\xe6\x97\xa5"), std::nullopt);
}

}  // namespace
}  // namespace pedigree
