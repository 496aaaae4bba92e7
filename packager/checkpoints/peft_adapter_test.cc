#include "packager/checkpoints/peft_adapter.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "packager/checkpoints/export.h"
#include "packager/testing.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

constexpr char kConfig[] =
    R"({"peft_type": "LORA", "lora_alpha": 8, "r": 4})";
constexpr char kQuery[] = "base_model.model.model.layers.1.self_attn.q_proj";
constexpr char kHead[] = "base_model.model.lm_head";
constexpr char kTokens[] = "base_model.model.model.embed_tokens";

struct Matrix {
  uint64_t rows;
  uint64_t columns;
  std::vector<float> values;
};

// Multiples of 1/8, so that products are exact.
Matrix MakeMatrix(uint64_t rows, uint64_t columns, uint32_t seed) {
  Matrix matrix = {rows, columns, {}};
  for (uint64_t i = 0; i < rows * columns; ++i) {
    seed = seed * 1664525 + 1013904223;
    matrix.values.push_back(static_cast<float>(seed >> 28) / 8 - 1);
  }
  return matrix;
}

// A safetensors file; `dtype` is written, values are f32.
std::string Safetensors(const std::map<std::string, Matrix>& tensors,
                        const std::string& dtype = "F32") {
  std::vector<std::string> entries;
  std::string data;
  for (const auto& [name, matrix] : tensors) {
    const size_t begin = data.size();
    for (const float value : matrix.values) AppendLittleEndian(value, data);
    entries.push_back(absl::StrCat("\"", name, "\":{\"dtype\":\"", dtype,
                                   "\",\"shape\":[", matrix.rows, ",",
                                   matrix.columns, "],\"data_offsets\":[",
                                   begin, ",", data.size(), "]}"));
  }
  const std::string header =
      absl::StrCat("{", absl::StrJoin(entries, ","), "}");
  std::string file;
  AppendLittleEndian(static_cast<uint64_t>(header.size()), file);
  return file + header + data;
}

class PeftAdapterTest : public testing::Test {
 protected:
  explicit PeftAdapterTest(std::string parent = TestModel())
      : bytes_(std::move(parent)), parent_(*SlmReader::Parse(AsBytes(bytes_))) {
  }

  absl::StatusOr<std::string> Import(
      const std::string& weights,
      std::optional<std::vector<TokenIdRange>> id_map = std::nullopt,
      const std::string& config = kConfig) {
    return ImportPeft({{"adapter_config.json", AsBytes(config)},
                       {"adapter_model.safetensors", AsBytes(weights)}},
                      parent_, Sha256(bytes_), id_map);
  }

  std::string Refusal(const std::map<std::string, Matrix>& tensors,
                      const std::string& dtype = "F32") {
    const std::string message(
        Import(Safetensors(tensors, dtype)).status().message());
    return absl::StrReplaceAll(message, {{"adapter_model.safetensors: ", ""}});
  }

  // The factors of the one tensor that `adapter` changes.
  void ExpectTensor(const std::string& adapter, const std::string& name) {
    const AdapterReader reader = *AdapterReader::Parse(AsBytes(adapter));
    ASSERT_EQ(reader.payloads().size(), 1u);
    EXPECT_EQ(reader.payloads()[0].name_hash, TensorNameHash(name));
    low_rank_ = reader.payloads()[0].low_rank;
    EXPECT_EQ(low_rank_.rank, 4u);
    EXPECT_EQ(low_rank_.scale, 2);
  }

  std::string bytes_;
  SlmReader parent_;
  LowRank low_rank_;
};

// A checkpoint whose own matrix was changed, imported, has the values of the
// parent with the imported adapter folded in.
TEST_F(PeftAdapterTest, ComputesWhatTheChangedCheckpointComputes) {
  const Matrix a = MakeMatrix(4, 64, 1);
  const Matrix b = MakeMatrix(64, 4, 2);
  const auto adapter =
      Import(Safetensors({{absl::StrCat(kQuery, ".lora_A.weight"), a},
                          {absl::StrCat(kQuery, ".lora_B.weight"), b}}));
  ASSERT_TRUE(adapter.ok()) << adapter.status();

  ExportedFiles files = ExportHf(parent_, SourceEncoding::kF32);
  std::string& weights = files["model.safetensors"];
  const std::string name = "\"model.layers.1.self_attn.q_proj.weight\"";
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, weights.data(), sizeof(header_bytes));
  const size_t entry = weights.find(name);
  ASSERT_NE(entry, std::string::npos);
  const size_t offsets = weights.find("\"data_offsets\":[", entry) + 16;
  const size_t begin = 8 + header_bytes + std::stoul(weights.substr(offsets));
  for (uint64_t row = 0; row < 64; ++row) {
    for (uint64_t column = 0; column < 64; ++column) {
      float value;
      char* at = weights.data() + begin + (row * 64 + column) * sizeof(value);
      std::memcpy(&value, at, sizeof(value));
      float product = 0;
      for (uint64_t k = 0; k < 4; ++k) {
        product += b.values[row * 4 + k] * a.values[k * 64 + column];
      }
      value += 2 * product;
      std::memcpy(at, &value, sizeof(value));
    }
  }
  const std::string changed = RunForTest(
      "import", TestConfig("hf", "f32"),
      {TestInput("config", files["config.json"]),
       TestInput("generation_config", files["generation_config.json"]),
       TestInput("weights", weights),
       TestInput("tokenizer", files["tokenizer"])});
  EXPECT_EQ(RunForTest("fuse", {}, {TestInput("model", bytes_),
                                    TestInput("adapter", *adapter)}),
            changed);
}

TEST_F(PeftAdapterTest, NamesItsParent) {
  const auto adapter = Import(Safetensors(
      {{absl::StrCat(kQuery, ".lora_A.weight"), MakeMatrix(4, 64, 1)},
       {absl::StrCat(kQuery, ".lora_B.weight"), MakeMatrix(64, 4, 2)}}));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(AdapterReader::Parse(AsBytes(*adapter))->parent().model_digest,
            Sha256(bytes_));
  ExpectTensor(*adapter, "layers.1.wq.weight");
}

TEST_F(PeftAdapterTest, RowsOfTokensFollowTheImport) {
  const Matrix a = MakeMatrix(4, 64, 3);
  const Matrix b = MakeMatrix(300, 4, 4);
  // Id 0 is absent, ids 1.. were 40.. in the checkpoint.
  const std::vector<TokenIdRange> id_map = {{0, 1, 0, true}, {1, 259, 40, false}};
  const auto adapter =
      Import(Safetensors({{absl::StrCat(kHead, ".lora_A.weight"), a},
                          {absl::StrCat(kHead, ".lora_B.weight"), b}}),
             id_map);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  ExpectTensor(*adapter, "output.weight");
  for (uint64_t k = 0; k < 4; ++k) {
    EXPECT_EQ(low_rank_.b[k], 0);
    EXPECT_EQ(low_rank_.b[5 * 4 + k], b.values[44 * 4 + k]);
    EXPECT_EQ(low_rank_.b[259 * 4 + k], b.values[298 * 4 + k]);
  }
}

TEST_F(PeftAdapterTest, FactorsOfEmbeddingsAreTransposed) {
  const Matrix a = MakeMatrix(4, 260, 5);
  const Matrix b = MakeMatrix(64, 4, 6);
  const auto adapter =
      Import(Safetensors({{absl::StrCat(kTokens, ".lora_embedding_A"), a},
                          {absl::StrCat(kTokens, ".lora_embedding_B"), b}}),
             std::vector<TokenIdRange>());
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  ExpectTensor(*adapter, "tok_embeddings.weight");
  EXPECT_EQ(low_rank_.a[2 * 64 + 17], b.values[17 * 4 + 2]);
  EXPECT_EQ(low_rank_.b[99 * 4 + 3], a.values[3 * 260 + 99]);
}

TEST_F(PeftAdapterTest, RefusesByNameWhatHasNoPlace) {
  const std::string a = absl::StrCat(kQuery, ".lora_A.weight");
  const std::string b = absl::StrCat(kQuery, ".lora_B.weight");
  const Matrix good_a = MakeMatrix(4, 64, 1);
  const Matrix good_b = MakeMatrix(64, 4, 2);
  EXPECT_EQ(Refusal({}), "Invalid adapter: it has no tensors");
  EXPECT_EQ(Refusal({{a, good_a}}),
            absl::StrCat("Invalid adapter: tensor \"", b, "\" is missing"));
  EXPECT_EQ(Refusal({{b, good_b}}),
            absl::StrCat("Invalid adapter: tensor \"", a, "\" is missing"));
  EXPECT_EQ(Refusal({{a, MakeMatrix(4, 32, 1)}, {b, good_b}}),
            absl::StrCat("Invalid adapter: tensor \"", a,
                         "\" has shape [4, 32] (expected [4, 64])"));
  EXPECT_EQ(Refusal({{a, good_a}, {b, MakeMatrix(64, 3, 1)}}),
            absl::StrCat("Invalid adapter: tensor \"", b,
                         "\" has shape [64, 3] (expected [64, 4])"));
  EXPECT_EQ(Refusal({{a, MakeMatrix(65, 64, 1)}, {b, MakeMatrix(64, 65, 1)}}),
            absl::StrCat("Invalid adapter: tensor \"", a,
                         "\" has 65 rows (expected a rank of 1 to 64)"));
  EXPECT_EQ(Refusal({{a, good_a}, {b, good_b}}, "I32"),
            absl::StrCat("Unsupported adapter: tensor \"", a,
                         "\" is of type I32 (expected F32, F16 or BF16)"));
  const struct {
    std::string name;
    const char* why;
  } kCases[] = {
      {absl::StrCat(kQuery, ".lora_magnitude_vector"), "is of DoRA"},
      {absl::StrCat(kQuery, ".lora_B.bias"), "is a bias"},
      {"base_model.model.lm_head.modules_to_save.weight", "is a whole module"},
      {"base_model.model.lm_head.base_layer.weight",
       "is the base model's own, which may have been trained too (save "
       "without it: save_embedding_layers=False)"},
      {"base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight",
       "has no place in the model"},
      {"base_model.model.model.layers.0.self_attn.q_norm.lora_A.weight",
       "has no place in the model"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Refusal({{a, good_a}, {b, good_b}, {test.name, good_a}}),
              absl::StrCat("Unsupported adapter: tensor \"", test.name, "\" ",
                           test.why));
  }
}

TEST_F(PeftAdapterTest, RefusesRowsOfTokensWithoutTheirNumbers) {
  EXPECT_EQ(
      Refusal({{absl::StrCat(kHead, ".lora_A.weight"), MakeMatrix(4, 64, 1)},
               {absl::StrCat(kHead, ".lora_B.weight"),
                MakeMatrix(260, 4, 2)}}),
      absl::StrCat("Invalid adapter: tensor \"", kHead,
                   ".lora_B.weight\" has a row for each token, and how the "
                   "parent numbers tokens is not known (give the receipt of "
                   "its import)"));
}

TEST_F(PeftAdapterTest, RefusesAValueThatIsNotFinite) {
  Matrix a = MakeMatrix(4, 64, 1);
  a.values[7] = __builtin_nanf("");
  EXPECT_EQ(
      Refusal({{absl::StrCat(kQuery, ".lora_A.weight"), a},
               {absl::StrCat(kQuery, ".lora_B.weight"), MakeMatrix(64, 4, 2)}}),
      absl::StrCat("Invalid adapter: tensor \"", kQuery,
                   ".lora_A.weight\" value 7 is not finite"));
}

}  // namespace
}  // namespace pedigree
