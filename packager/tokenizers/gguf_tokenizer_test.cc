#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

// A source whose strings live as long as it.
struct Source {
  std::vector<std::string> tokens;
  std::vector<std::string> merges;
  GgufTokenizer tokenizer;

  void Add(std::string token, float score, int32_t type) {
    tokens.push_back(std::move(token));
    tokenizer.scores.push_back(score);
    tokenizer.token_types.push_back(type);
  }
  const GgufTokenizer& Finished() {
    tokenizer.path = "m.gguf";
    tokenizer.tokens.assign(tokens.begin(), tokens.end());
    tokenizer.merges.assign(merges.begin(), merges.end());
    return tokenizer;
  }
};

// <unk>, <s>, </s>, the bytes, then pieces from 259.
Source Llama() {
  Source source;
  source.tokenizer.model = "llama";
  source.tokenizer.ids.bos = 1;
  source.tokenizer.ids.eos = {2};
  source.Add("<unk>", 0, 2);
  source.Add("<s>", 0, 3);
  source.Add("</s>", 0, 3);
  for (int byte = 0; byte < 256; ++byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    source.Add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] +
                   ">",
               0, 6);
  }
  source.Add("\xe2\x96\x81", -3, 1);
  source.Add("t", -4, 1);
  source.Add("h", -5, 1);
  source.Add("th", -1, 1);
  source.Add("\xe2\x96\x81th", -2, 1);
  source.Add("<tool>", 0, 4);
  return source;
}

// <end>, the bytes in the byte-level alphabet, " h" and a filler.
Source Gpt2() {
  Source source;
  source.tokenizer.model = "gpt2";
  source.tokenizer.pre = "llama-bpe";
  source.tokenizer.ids.bos = 0;
  source.tokenizer.ids.eos = {0};
  source.Add("<end>", 0, 3);
  int moved = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    const int c = printable ? byte : 256 + moved++;
    source.Add(c < 128 ? std::string(1, static_cast<char>(c))
                       : std::string{static_cast<char>(0xc0 | c >> 6),
                                     static_cast<char>(0x80 | (c & 0x3f))},
               0, 1);
  }
  source.Add("\xc4\xa0h", 0, 1);
  source.Add("[PAD258]", 0, 5);
  source.merges = {"\xc4\xa0 h"};
  return source;
}

struct Imported {
  absl::Status status;
  std::vector<int64_t> rows;
  std::unique_ptr<const Tokenizer> tokenizer;
};

Imported Import(Source source) {
  Imported imported;
  auto made = ImportGgufTokenizer(source.Finished(),
                                  static_cast<int64_t>(source.tokens.size()));
  imported.status = made.status();
  if (!made.ok()) return imported;
  imported.rows = made->source_row_of_id;
  imported.tokenizer =
      *Tokenizer::Parse(AsBytes(made->section), imported.rows.size());
  return imported;
}

TEST(GgufTokenizerTest, LlamaMergesByScore) {
  const Imported imported = Import(Llama());
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows[0], 3);
  EXPECT_EQ(imported.rows[256], 1);
  EXPECT_EQ(imported.rows[257], 2);
  EXPECT_EQ(imported.rows[258], kAbsentRow);
  EXPECT_EQ(imported.rows[259], 0);
  EXPECT_EQ(imported.rows[260], 259);
  EXPECT_EQ(imported.tokenizer->Encode("thx").value(), Ids({256, 264, 'x'}));
  EXPECT_EQ(imported.tokenizer->Encode("t<tool>h").value(),
            Ids({256, 260, 261, 265, 262}));
  EXPECT_EQ(imported.tokenizer->DecodeBytes(Ids({256, 264, 265, 257})),
            "th<tool>");
}

TEST(GgufTokenizerTest, LlamaFlagsAreTheFiles) {
  Source source = Llama();
  source.tokenizer.add_bos = false;
  source.tokenizer.add_eos = true;
  source.tokenizer.add_space_prefix = false;
  const Imported imported = Import(source);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.tokenizer->Encode("th").value(), Ids({263, 257}));
}

TEST(GgufTokenizerTest, Gpt2MergesByRankAndSkipsFillers) {
  const Imported imported = Import(Gpt2());
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows['a'], 'a' + 1);
  ASSERT_EQ(imported.rows.size(), 261u);
  EXPECT_EQ(imported.tokenizer->Encode("a h<end>").value(),
            Ids({256, 'a', 260, 257}));
}

TEST(GgufTokenizerTest, RefusesByName) {
  const auto message = [](const Source& source) {
    return std::string(Import(source).status.message());
  };
  Source other = Llama();
  other.tokenizer.model = "bert";
  EXPECT_EQ(message(other),
            "m.gguf: Unsupported GGUF tokenizer: model \"bert\" (expected "
            "\"llama\" or \"gpt2\")");
  Source spaces = Llama();
  spaces.tokenizer.remove_extra_whitespaces = true;
  EXPECT_EQ(message(spaces),
            "m.gguf: Unsupported GGUF tokenizer: remove_extra_whitespaces");
  Source scores = Llama();
  scores.tokenizer.scores.pop_back();
  EXPECT_EQ(message(scores),
            "m.gguf: Invalid GGUF tokenizer: 264 scores (expected one for each "
            "of 265 tokens)");
  Source infinite = Llama();
  infinite.tokenizer.scores[259] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(message(infinite),
            "m.gguf: Invalid GGUF tokenizer: score of token 259 is not finite");
  Source type = Llama();
  type.tokenizer.token_types[260] = 9;
  EXPECT_EQ(message(type),
            "m.gguf: Unsupported GGUF tokenizer: token 260 is of type 9");
  Source pre = Gpt2();
  pre.tokenizer.pre = "deepseek-llm";
  EXPECT_EQ(message(pre),
            "m.gguf: Unsupported GGUF tokenizer: pre \"deepseek-llm\"");
  Source merge = Gpt2();
  merge.merges = {"a b"};
  EXPECT_EQ(message(merge),
            "m.gguf: Invalid GGUF tokenizer: merge 0 has \"ab\", which is no "
            "token");
  Source alone = Gpt2();
  alone.merges = {"a"};
  EXPECT_EQ(message(alone),
            "m.gguf: Invalid GGUF tokenizer: merge 0 is not two tokens");
  Source text = Gpt2();
  text.tokens[257] = "a\xff";
  EXPECT_EQ(message(text),
            "m.gguf: Invalid GGUF tokenizer: token 257 is not UTF-8, at its "
            "byte 1");
  EXPECT_EQ(message(Source{}),
            "m.gguf: Unsupported GGUF tokenizer: model \"\" (expected "
            "\"llama\" or \"gpt2\")");
}

}  // namespace
}  // namespace pedigree
