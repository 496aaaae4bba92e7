#include "packager/tokenizers/tokenizer_file.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

absl::StatusOr<ImportedTokenizer> Import(const std::string& bytes,
                                         int64_t row_count) {
  return ImportTokenizerFile({"tok", AsBytes(bytes)}, std::nullopt, {},
                             row_count);
}

TEST(TokenizerFileTest, TakesASectionAsItIs) {
  const std::string the = *WriteBpe1({{260, "th"}}, {{'t', 'h', 260, 0}});
  for (const std::string& section : {WriteBtok(), the}) {
    const int64_t row_count = section == the ? 261 : 260;
    const auto tokenizer = Import(section, row_count);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    EXPECT_EQ(tokenizer->section, section);
    ASSERT_EQ(tokenizer->source_row_of_id.size(), row_count);
    for (int64_t id = 0; id < row_count; ++id) {
      EXPECT_EQ(tokenizer->source_row_of_id[id], id);
    }
  }
}

TEST(TokenizerFileTest, RefusesASectionOfAnotherVocabulary) {
  EXPECT_EQ(Import(WriteBtok(), 300).status().message(),
            "tok: Invalid BTOK section: vocab_size is 260 (the model's is "
            "300), at byte 8");
}

TEST(TokenizerFileTest, TakesABraceForTokenizerJson) {
  EXPECT_EQ(Import("{}", 300).status().message(),
            "tok: Unsupported tokenizer.json: neither pre_tokenizer ByteLevel "
            "nor escaped spaces without a split");
}

TEST(TokenizerFileTest, BoundsTheLengthOfJson) {
  const std::string config((64 << 20) + 1, ' ');
  const std::string json = "{}";
  EXPECT_EQ(ImportTokenizerFile({"tok", AsBytes(json)},
                                SourceFile{"config", AsBytes(config)}, {}, 300)
                .status()
                .message(),
            "config: Cannot read: 67108865 bytes long (at most 67108864)");
}

TEST(TokenizerFileTest, TakesAllElseForLlama2c) {
  EXPECT_EQ(Import("abc", 300).status().message(),
            "tok: Corrupted llama2.c tokenizer: 3 bytes");
}

}  // namespace
}  // namespace pedigree
