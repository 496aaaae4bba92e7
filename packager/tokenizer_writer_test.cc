#include "packager/tokenizer_writer.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

TEST(TokenizerWriterTest, BtokIs28BytesThatParse) {
  EXPECT_EQ(WriteBtok().size(), 28u);
  EXPECT_TRUE(Tokenizer::Parse(AsBytes(WriteBtok()), 260).ok());
}

TEST(TokenizerWriterTest, Bpe1EncodesAsItsMergesSay) {
  const auto section = WriteBpe1({{260, "th"}, {261, "the"}},
                                 {{'t', 'h', 260, 0}, {260, 'e', 261, 1}});
  ASSERT_TRUE(section.ok()) << section.status();
  const auto tokenizer = Tokenizer::Parse(AsBytes(*section), 262);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->Encode("the").value(),
            (std::vector<uint32_t>{256, 261, 257}));
}

TEST(TokenizerWriterTest, OrderOfTheInputDoesNotMatter) {
  EXPECT_EQ(WriteBpe1({{260, "th"}, {261, "the"}},
                      {{'t', 'h', 260, 0}, {260, 'e', 261, 1}})
                .value(),
            WriteBpe1({{261, "the"}, {260, "th"}},
                      {{260, 'e', 261, 1}, {'t', 'h', 260, 0}})
                .value());
}

TEST(TokenizerWriterTest, Bpe1RefusesWhatTheReaderRefuses) {
  const absl::Status gap = WriteBpe1({{261, "th"}}, {}).status();
  EXPECT_EQ(gap.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(gap.message(),
            "Invalid BPE1 section: token record 0 has id 261 (must be 260 to "
            "260), at byte 36");
  EXPECT_EQ(WriteBpe1({{260, ""}}, {}).status().message(),
            "Invalid BPE1 section: token record 0 (id 260) has no bytes, at "
            "byte 36");
  EXPECT_EQ(
      WriteBpe1({{260, "th"}}, {{'t', 'e', 260, 0}}).status().message(),
      "Invalid BPE1 section: merge 0 joins ids 116 and 101, but output id 260 "
      "has other bytes, at byte 46");
}

Bpe1V2Content SmallContent() {
  Bpe1V2Content content;
  content.vocab_size = 261;
  content.stop_ids = {257};
  content.tokens = {{260, "x"}};
  return content;
}

TEST(TokenizerWriterTest, Version2KeepsItsFlags) {
  Bpe1V2Content content = SmallContent();
  content.add_bos = false;
  content.add_eos = true;
  content.normalizer = Normalizer::kNone;
  const auto section = WriteBpe1V2(content);
  ASSERT_TRUE(section.ok()) << section.status();
  const auto tokenizer = Tokenizer::Parse(AsBytes(*section), 261);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->Encode("xy").value(),
            (std::vector<uint32_t>{260, 'y', 257}));
  EXPECT_EQ((*tokenizer)->EncodePrompt("xy").value(),
            (std::vector<uint32_t>{260, 'y'}));
}

TEST(TokenizerWriterTest, WithoutByteFallbackACharacterBecomesUnk) {
  Bpe1V2Content content = SmallContent();
  content.byte_fallback = false;
  content.normalizer = Normalizer::kNone;
  content.absent_ids = {'\n'};
  const auto section = WriteBpe1V2(content);
  ASSERT_TRUE(section.ok()) << section.status();
  const auto tokenizer = Tokenizer::Parse(AsBytes(*section), 261);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->Encode("x\xc3\xa9").value(),
            (std::vector<uint32_t>{256, 260, 259}));
  EXPECT_TRUE((*tokenizer)->excluded()['\n']);
}

TEST(TokenizerWriterTest, Version2RefusesListsThatDoNotAscend) {
  Bpe1V2Content content = SmallContent();
  content.stop_ids = {257, 256};
  EXPECT_EQ(WriteBpe1V2(content).status().message(),
            "Invalid BPE1 section: stop id 1 is 256 (must be above 257), at "
            "byte 68");
}

}  // namespace
}  // namespace pedigree
