// What is refused, message by message, is in fixtures/tokenizer_json and tested
// by //fixtures/gen; that encodings are the original's, by oracle/compare.py.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using Ids = std::vector<uint32_t>;

std::string Source(const std::string& name) {
  return ReadFile("fixtures/tokenizer_json/valid/" + name + ".json")
      .value_or("");
}

struct Imported {
  absl::Status status;
  std::vector<int64_t> rows;
  std::unique_ptr<const Tokenizer> tokenizer;
};

Imported Import(std::string_view json, const SourceTokenIds& ids,
                int64_t row_count, std::string_view config = "") {
  HfTokenizerFiles files;
  files.tokenizer_json = {"t.json", AsBytes(json)};
  files.tokenizer_config_json = {"c.json", AsBytes(config)};
  files.ids = ids;
  Imported imported;
  auto made = ImportHfTokenizer(files, row_count);
  imported.status = made.status();
  if (!made.ok()) return imported;
  imported.rows = made->source_row_of_id;
  imported.tokenizer =
      *Tokenizer::Parse(AsBytes(made->section), imported.rows.size());
  return imported;
}

SourceTokenIds Eos(std::vector<int64_t> eos) {
  SourceTokenIds ids;
  ids.eos = std::move(eos);
  return ids;
}

TEST(HfTokenizerTest, RenumbersAndRecordsTheRows) {
  const Imported imported = Import(Source("small"), Eos({2}), 10);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  ASSERT_EQ(imported.rows.size(), 267u);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(imported.rows[byte], kAbsentRow);
  }
  const std::vector<int64_t> rest(imported.rows.begin() + 256,
                                  imported.rows.end());
  EXPECT_EQ(rest, std::vector<int64_t>({1, 2, kAbsentRow, 0, 3, 4, 5, 6, 7, 8,
                                        9}));
  EXPECT_EQ(imported.tokenizer->stop_ids(), Ids({257}));
}

// As transformers writes for a tokenizer without a limit.
TEST(HfTokenizerTest, TakesLargeNumbersInItsConfig) {
  const Imported imported =
      Import(Source("small"), Eos({2}), 10,
             R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_TRUE(imported.status.ok()) << imported.status;
}

TEST(HfTokenizerTest, EscapedSpacesTemplateAndAddedTokens) {
  const Imported imported = Import(Source("small"), Eos({2}), 10);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  constexpr uint32_t kSpaceTh = 265;
  constexpr uint32_t kTool = 266;
  EXPECT_EQ(imported.tokenizer->Encode("the th").value(),
            Ids({256, kSpaceTh, 263, kSpaceTh}));
  EXPECT_EQ(imported.tokenizer->Encode("x</s><tool>  th").value(),
            Ids({256, 260, 259, 257, kTool, kSpaceTh}));
  EXPECT_EQ(imported.tokenizer->DecodeBytes(
                Ids({256, kSpaceTh, kTool, kSpaceTh, 257})),
            "th<tool> th");
}

TEST(HfTokenizerTest, ByteLevelWithWholeWords) {
  const Imported imported = Import(Source("bytes"), Eos({0}), 264);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows['a'], 'a' + 1);
  EXPECT_EQ(imported.rows[0], 1);
  // th, the, " he", <tool>; rows 260, 262 and 263 have no token.
  ASSERT_EQ(imported.rows.size(), 264u);
  EXPECT_EQ(imported.rows[263], 261);
  EXPECT_EQ(imported.tokenizer->Encode("the he<tool><end>").value(),
            Ids({261, 262, 263, 257}));
  EXPECT_EQ(imported.tokenizer->Encode("e\xcc\x81").value(),
            Ids({0xc3, 0xa9}));
}

TEST(HfTokenizerTest, ATokenOfTwoRolesIsCopied) {
  SourceTokenIds ids = Eos({0});
  ids.bos = 0;
  ids.pad = 0;
  const Imported imported = Import(Source("bytes"), ids, 264);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows[256], 0);
  EXPECT_EQ(imported.rows[257], 0);
  EXPECT_EQ(imported.rows[258], 0);
  EXPECT_EQ(imported.tokenizer->Encode("<end>").value(), Ids({257}));
  EXPECT_TRUE(imported.tokenizer->excluded()[256]);
  EXPECT_FALSE(imported.tokenizer->excluded()[257]);
}

TEST(HfTokenizerTest, AStopIdIsNotHiddenByPad) {
  SourceTokenIds ids = Eos({261, 0});
  ids.pad = 0;
  const Imported imported = Import(Source("bytes"), ids, 264);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows[257], 261);
  EXPECT_EQ(imported.rows[260], 0);
  EXPECT_EQ(imported.tokenizer->stop_ids(), Ids({257, 260}));
  EXPECT_FALSE(imported.tokenizer->excluded()[260]);
  EXPECT_EQ(imported.tokenizer->Encode("<end>").value(), Ids({260}));
}

TEST(HfTokenizerTest, ATokenThatMergesUseIsNotMoved) {
  SourceTokenIds ids = Eos({258});
  const Imported imported = Import(Source("bytes"), ids, 264);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows[257], 258);
  EXPECT_TRUE(imported.tokenizer->excluded()[257]);
  EXPECT_EQ(imported.tokenizer->stop_ids(), Ids({262}));
}

TEST(HfTokenizerTest, ConfigNamesRolesThatTheModelLeavesOut) {
  const Imported imported =
      Import(Source("bytes"), {}, 264,
             R"({"eos_token":{"content":"<end>"},"pad_token":"<tool>"})");
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.rows[257], 0);
  EXPECT_EQ(imported.rows[258], 261);
  EXPECT_EQ(imported.tokenizer->stop_ids(), Ids({257}));
}

TEST(HfTokenizerTest, LlamaClassesAddWhatTheirConfigSays) {
  const Imported imported = Import(
      Source("small"), Eos({2}), 10,
      R"({"tokenizer_class":"LlamaTokenizerFast","add_eos_token":true,)"
      R"("add_bos_token":false})");
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.tokenizer->Encode("th").value(), Ids({265, 257}));
}

TEST(HfTokenizerTest, MetaspaceFirstPutsASpaceBeforeTheTextOnly) {
  const std::string json = absl::StrReplaceAll(
      Source("small"),
      {{"\"normalizer\":{", "\"normalizer\":null,\"other\":{"},
       {"\"pre_tokenizer\":null",
        "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":"
        "\"\xe2\x96\x81\",\"prepend_scheme\":\"first\",\"split\":false}"}});
  const Imported imported = Import(json, Eos({2}), 10);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.tokenizer->Encode("th</s>th").value(),
            Ids({256, 265, 257, 264}));
  EXPECT_EQ(imported.tokenizer->Encode(" th").value(), Ids({256, 265}));
}

TEST(HfTokenizerTest, RefusesRolesWithoutAToken) {
  EXPECT_EQ(Import(Source("small"), Eos({10}), 10).status.message(),
            "t.json: Invalid tokenizer: eos id 10 has no token (10 ids)");
  EXPECT_EQ(Import(Source("bytes"), Eos({98}), 264).status.message(),
            "t.json: Unsupported tokenizer: eos id 98 is a byte");
  EXPECT_EQ(Import(Source("small"), Eos({2}), 9).status.message(),
            "t.json: Invalid tokenizer: token \"<tool>\" has id 9 (must be "
            "below 9, the model has 9 rows)");
}

}  // namespace
}  // namespace pedigree
