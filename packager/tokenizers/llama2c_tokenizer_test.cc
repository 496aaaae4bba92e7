#include "packager/tokenizers/llama2c_tokenizer.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

constexpr int64_t kVocab = 262;

void AddToken(float score, const std::string& text, std::string& bytes) {
  AppendLittleEndian(score, bytes);
  AppendLittleEndian(static_cast<int32_t>(text.size()), bytes);
  bytes += text;
}

std::string TokenizerFile() {
  std::string bytes;
  AppendLittleEndian(int32_t{6}, bytes);
  AddToken(0, "<unk>", bytes);
  AddToken(0, "\n<s>\n", bytes);
  AddToken(0, "\n</s>\n", bytes);
  for (int i = 0; i < 256; ++i) {
    AddToken(0, absl::StrFormat("<0x%02X>", i), bytes);
  }
  AddToken(-1, "a", bytes);
  AddToken(-2, "b", bytes);
  AddToken(-0.5f, "ab", bytes);
  return bytes;
}

absl::StatusOr<ImportedTokenizer> Import(const std::string& tokenizer,
                                         int64_t vocab_size = kVocab) {
  return ImportLlama2cTokenizer({"tok.bin", AsBytes(tokenizer)}, vocab_size);
}

TEST(Llama2cTokenizerTest, RenumbersTokens) {
  const ImportedTokenizer tokenizer = *Import(TokenizerFile());
  const std::vector<int64_t>& rows = tokenizer.source_row_of_id;
  ASSERT_EQ(rows.size(), 263u);
  EXPECT_EQ(rows[0], 3);
  EXPECT_EQ(rows[255], 258);
  EXPECT_EQ(rows[256], 1);
  EXPECT_EQ(rows[257], 2);
  EXPECT_EQ(rows[258], kAbsentRow);
  EXPECT_EQ(rows[259], 0);
  EXPECT_EQ(rows[260], 259);
  EXPECT_EQ(rows[262], 261);
}

TEST(Llama2cTokenizerTest, MakesTheSection) {
  const ImportedTokenizer imported = *Import(TokenizerFile());
  const auto tokenizer = *Tokenizer::Parse(AsBytes(imported.section), 263);
  EXPECT_EQ(tokenizer->kind(), "bpe1-v2");
  EXPECT_EQ(std::vector<uint32_t>(tokenizer->stop_ids().begin(),
                                  tokenizer->stop_ids().end()),
            std::vector<uint32_t>({256, 257}));
  EXPECT_TRUE(tokenizer->excluded()[258]);
  EXPECT_TRUE(tokenizer->excluded()[259]);
  // BOS, the prefixed space as a byte, then the piece "ab".
  EXPECT_EQ(*tokenizer->Encode("ab"), std::vector<uint32_t>({256, ' ', 262}));
}

struct TokenizerRefusal {
  std::string name;
  uint64_t offset;  // of the bytes to replace
  std::string bytes;
  std::string message;
};

class Llama2cTokenizerRefusalTest
    : public testing::TestWithParam<TokenizerRefusal> {};

TEST_P(Llama2cTokenizerRefusalTest, NamesTheToken) {
  std::string tokenizer = TokenizerFile();
  tokenizer.replace(GetParam().offset, GetParam().bytes.size(),
                    GetParam().bytes);
  EXPECT_EQ(Import(tokenizer).status().message(),
            GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Defects, Llama2cTokenizerRefusalTest,
    testing::Values(
        TokenizerRefusal{
            "length", 8, std::string("\x07\0\0\0", 4),
            "tok.bin: Invalid llama2.c tokenizer: token 0 has length 7 "
            "(expected 1 to 6), at byte 8"},
        TokenizerRefusal{
            "nan", 4, std::string("\0\0\xc0\x7f", 4),
            "tok.bin: Invalid llama2.c tokenizer: score of token 0 is not "
            "finite, at byte 4"},
        TokenizerRefusal{"byte token", 52, "<0x10>",
                         "tok.bin: Unsupported llama2.c tokenizer: token 3 is "
                         "\"<0x10>\" (expected \"<0x00>\")"}));

TEST(Llama2cTokenizerTest, RefusesTooFewTokens) {
  EXPECT_EQ(Import(TokenizerFile(), 258).status().message(),
            "tok.bin: Unsupported llama2.c tokenizer: 258 tokens (expected 259 "
            "or more: specials and bytes)");
}

TEST(Llama2cTokenizerTest, RefusesAnotherLength) {
  const std::string tokenizer = TokenizerFile();
  const std::string size = std::to_string(tokenizer.size());
  EXPECT_EQ(Import(tokenizer + "x").status().message(),
            "tok.bin: Corrupted llama2.c tokenizer: " +
                std::to_string(tokenizer.size() + 1) +
                " bytes (262 tokens end at " + size + ")");
  for (size_t length :
       {size_t{2}, tokenizer.size() - 1, tokenizer.size() - 7}) {
    EXPECT_EQ(Import(tokenizer.substr(0, length)).status().code(),
              absl::StatusCode::kDataLoss)
        << length;
  }
}

}  // namespace
}  // namespace pedigree
