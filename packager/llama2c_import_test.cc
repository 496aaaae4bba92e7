#include "packager/llama2c_import.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

constexpr int32_t kDim = 4;
constexpr int32_t kFfn = 6;
constexpr int32_t kLayers = 2;
constexpr int32_t kHeads = 2;
constexpr int32_t kKvHeads = 1;
constexpr int32_t kVocab = 262;
constexpr int32_t kContext = 8;
constexpr int32_t kKvDim = 2;

// Every float is its index in the file, so places can be told apart. A
// checkpoint of its own output has a negative vocabulary.
std::string Checkpoint(bool tied) {
  std::string bytes;
  for (int32_t value : {kDim, kFfn, kLayers, kHeads, kKvHeads,
                        tied ? kVocab : -kVocab, kContext}) {
    AppendLittleEndian(value, bytes);
  }
  const int32_t floats =
      kVocab * kDim +
      kLayers *
          (2 * kDim + 2 * kDim * kDim + 2 * kKvDim * kDim + 3 * kDim * kFfn) +
      kDim + kContext * kDim / kHeads + (tied ? 0 : kVocab * kDim);
  for (int32_t i = 0; i < floats; ++i) {
    AppendLittleEndian(static_cast<float>(i), bytes);
  }
  return bytes;
}

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

absl::StatusOr<ImportedModel> Import(const std::string& checkpoint,
                                     const std::string& tokenizer) {
  return ImportLlama2c({"model.bin", AsBytes(checkpoint)},
                       {"tok.bin", AsBytes(tokenizer)});
}

TEST(Llama2cImportTest, ReadsTheShape) {
  const ImportedModel model = *Import(Checkpoint(true), TokenizerFile());
  const ModelShape& shape = model.weights.shape;
  EXPECT_TRUE(shape.tied_output);
  EXPECT_EQ(shape.vocab_size, 263u);
  EXPECT_EQ(shape.special_token_count, 4u);
  EXPECT_EQ(shape.hidden_size, 4u);
  EXPECT_EQ(shape.ffn_size, 6u);
  EXPECT_EQ(shape.layer_count, 2u);
  EXPECT_EQ(shape.head_count, 2u);
  EXPECT_EQ(shape.kv_head_count, 1u);
  EXPECT_EQ(shape.head_dim, 2u);
  EXPECT_EQ(shape.max_context, 8u);
  EXPECT_EQ(shape.rope_theta, 10000.0f);
  EXPECT_EQ(shape.rms_norm_epsilon, 1e-5f);
}

TEST(Llama2cImportTest, FindsEachTensorInTheFile) {
  const ImportedModel model = *Import(Checkpoint(true), TokenizerFile());
  // First values in canonical order. In the file the embeddings take 1048
  // floats; then lie, for both layers each: attention norms (4), wq (16), wk
  // (8), wv (8), wo (16), ffn norms (4), w1 (24), w2 (24), w3 (24).
  const std::vector<std::vector<float>>& tensors = model.weights.tensors;
  const std::vector<float> layer_0 = {1048, 1056, 1088, 1104, 1120,
                                      1152, 1160, 1256, 1208};
  const std::vector<float> layer_1 = {1052, 1072, 1096, 1112, 1136,
                                      1156, 1184, 1280, 1232};
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(tensors[1 + i][0], layer_0[i]) << i;
    EXPECT_EQ(tensors[10 + i][0], layer_1[i]) << i;
  }
  EXPECT_EQ(tensors[19][0], 1304.0f);
  EXPECT_EQ(tensors.size(), 20u);
}

TEST(Llama2cImportTest, MovesRowsAlongWithTheirTokens) {
  const ImportedModel model = *Import(Checkpoint(false), TokenizerFile());
  const std::vector<float>& embeddings = model.weights.tensors.front();
  EXPECT_EQ(embeddings[0 * kDim], 3.0f * kDim);      // byte 0
  EXPECT_EQ(embeddings[255 * kDim], 258.0f * kDim);  // byte 255
  EXPECT_EQ(embeddings[256 * kDim], 1.0f * kDim);    // BOS
  EXPECT_EQ(embeddings[257 * kDim], 2.0f * kDim);    // EOS
  EXPECT_EQ(embeddings[259 * kDim + 1], 1.0f);       // UNK
  EXPECT_EQ(embeddings[260 * kDim], 259.0f * kDim);  // first piece
  EXPECT_EQ(embeddings[262 * kDim], 261.0f * kDim);
  for (int c = 0; c < kDim; ++c) EXPECT_EQ(embeddings[258 * kDim + c], 0.0f);

  // The output follows the final norm (1304..1307) and the 8 x 2 RoPE factors.
  const std::vector<float>& output = model.weights.tensors.back();
  EXPECT_EQ(output[259 * kDim], 1324.0f);
  EXPECT_EQ(output[260 * kDim], 1324.0f + 259 * kDim);
  EXPECT_EQ(output[258 * kDim], 0.0f);
}

TEST(Llama2cImportTest, RecordsTheIdMap) {
  const ImportedModel model = *Import(Checkpoint(true), TokenizerFile());
  uint32_t next = 0;
  for (const TokenIdRange& range : model.id_map) {
    EXPECT_EQ(range.first_id, next);
    EXPECT_EQ(range.absent, range.first_id == 258);
    next += range.count;
  }
  EXPECT_EQ(next, 263u);
  EXPECT_EQ(model.id_map.back().first_id, 260u);
  EXPECT_EQ(model.id_map.back().source_first_id, 259u);
}

TEST(Llama2cImportTest, MakesTheTokenizer) {
  const ImportedModel model = *Import(Checkpoint(true), TokenizerFile());
  const auto tokenizer =
      *Tokenizer::Parse(AsBytes(model.weights.tokenizer_section), 263);
  EXPECT_EQ(tokenizer->kind(), "bpe1-v2");
  EXPECT_EQ(std::vector<uint32_t>(tokenizer->stop_ids().begin(),
                                  tokenizer->stop_ids().end()),
            std::vector<uint32_t>({256, 257}));
  EXPECT_TRUE(tokenizer->excluded()[258]);
  EXPECT_TRUE(tokenizer->excluded()[259]);
  // BOS, the prefixed space as a byte, then the piece "ab".
  EXPECT_EQ(*tokenizer->Encode("ab"), std::vector<uint32_t>({256, ' ', 262}));
}

TEST(Llama2cImportTest, RefusesAFileOfAnotherSize) {
  std::string checkpoint = Checkpoint(true);
  const std::string size = std::to_string(checkpoint.size());
  const std::string longer = std::to_string(checkpoint.size() + 4);
  checkpoint.append(4, '\0');
  const absl::Status status = Import(checkpoint, TokenizerFile()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "model.bin: Corrupted llama2.c checkpoint: " + longer +
                " bytes (its header asks for " + size + ")");
}

TEST(Llama2cImportTest, RefusesAShortHeader) {
  EXPECT_EQ(
      Import("1234", TokenizerFile()).status().message(),
      "model.bin: Corrupted llama2.c checkpoint: 4 bytes (header needs 28)");
}

struct HeaderRefusal {
  int field;
  int32_t value;
  std::string message;
};

class Llama2cHeaderTest : public testing::TestWithParam<HeaderRefusal> {};

TEST_P(Llama2cHeaderTest, NamesTheField) {
  std::string checkpoint = Checkpoint(true);
  StoreLittleEndian(
      GetParam().value,
      reinterpret_cast<uint8_t*>(checkpoint.data()) + 4 * GetParam().field);
  const absl::Status status = Import(checkpoint, TokenizerFile()).status();
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Llama2cHeaderTest,
    testing::Values(
        HeaderRefusal{
            0, 0,
            "model.bin: Invalid llama2.c checkpoint: dim is 0 (expected 1 to "
            "16777216), at byte 0"},
        HeaderRefusal{2, -1,
                      "model.bin: Invalid llama2.c checkpoint: n_layers is -1 "
                      "(expected 1 "
                      "to 16777216), at byte 8"},
        HeaderRefusal{
            3, 3,
            "model.bin: Invalid llama2.c checkpoint: dim 4 is no even multiple "
            "of n_heads 3"},
        HeaderRefusal{
            3, 4,
            "model.bin: Invalid llama2.c checkpoint: dim 4 is no even multiple "
            "of n_heads 4"},
        HeaderRefusal{
            4, 4,
            "model.bin: Invalid llama2.c checkpoint: n_kv_heads 4 does not "
            "divide n_heads 2"},
        HeaderRefusal{
            5, 258,
            "model.bin: Invalid llama2.c checkpoint: vocab_size 258 (expected "
            "259 or more: specials and bytes)"},
        HeaderRefusal{
            5, std::numeric_limits<int32_t>::min(),
            "model.bin: Invalid llama2.c checkpoint: vocab_size is -2147483648 "
            "(expected 1 to 16777216), at byte 20"},
        HeaderRefusal{
            2, 16777216,
            "model.bin: Corrupted llama2.c checkpoint: 5324 bytes (its header "
            "asks for 8589938892)"}));

struct TokenizerRefusal {
  std::string name;
  uint64_t offset;  // of the bytes to replace
  std::string bytes;
  std::string message;
};

class Llama2cTokenizerTest : public testing::TestWithParam<TokenizerRefusal> {};

TEST_P(Llama2cTokenizerTest, NamesTheToken) {
  std::string tokenizer = TokenizerFile();
  tokenizer.replace(GetParam().offset, GetParam().bytes.size(),
                    GetParam().bytes);
  EXPECT_EQ(Import(Checkpoint(true), tokenizer).status().message(),
            GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Defects, Llama2cTokenizerTest,
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

TEST(Llama2cImportTest, RefusesATokenizerOfAnotherLength) {
  const std::string tokenizer = TokenizerFile();
  const std::string size = std::to_string(tokenizer.size());
  EXPECT_EQ(Import(Checkpoint(true), tokenizer + "x").status().message(),
            "tok.bin: Corrupted llama2.c tokenizer: " +
                std::to_string(tokenizer.size() + 1) +
                " bytes (262 tokens end at " + size + ")");
  for (size_t length :
       {size_t{2}, tokenizer.size() - 1, tokenizer.size() - 7}) {
    EXPECT_EQ(
        Import(Checkpoint(true), tokenizer.substr(0, length)).status().code(),
        absl::StatusCode::kDataLoss)
        << length;
  }
}

}  // namespace
}  // namespace pedigree
