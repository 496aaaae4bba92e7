#include "packager/checkpoints/hf_checkpoint.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "packager/checkpoints/export.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

ExportedFiles Exported(int shard_count = 1) {
  const std::string model = TestModel();
  return ExportHf(*SlmReader::Parse(AsBytes(model)), SourceEncoding::kF32,
                  shard_count);
}

HfFiles FilesOf(const ExportedFiles& exported) {
  HfFiles files;
  for (const auto& [name, bytes] : exported) {
    const SourceFile file = {name, AsBytes(bytes)};
    if (name == "config.json") files.config = file;
    if (name == "generation_config.json") files.generation_config = file;
    if (name == "tokenizer") files.tokenizer = file;
    if (absl::EndsWith(name, ".index.json")) files.index = file;
    if (absl::EndsWith(name, ".safetensors")) files.weights.push_back(file);
  }
  return files;
}

std::string Refusal(const ExportedFiles& exported) {
  return std::string(
      OpenHfCheckpoint(FilesOf(exported)).status().message());
}

void Replace(const std::string& from, const std::string& to,
             std::string& text) {
  ASSERT_NE(text.find(from), std::string::npos) << from;
  text.replace(text.find(from), from.size(), to);
}

TEST(HfCheckpointTest, ReordersTheRowsOfQueriesAndKeys) {
  const ExportedFiles exported = Exported();
  const auto source = OpenHfCheckpoint(FilesOf(exported));
  ASSERT_TRUE(source.ok()) << source.status();
  // The test model has 4 heads of 16 and 2 of keys.
  EXPECT_EQ(*source->tensors[2].rows, RowsOfHalves(4, 16));
  EXPECT_EQ(*source->tensors[3].rows, RowsOfHalves(2, 16));
  EXPECT_EQ(*source->tensors[11].rows, RowsOfHalves(4, 16));
  EXPECT_EQ(source->tensors[4].rows, nullptr);
  EXPECT_EQ(source->tensors[0].rows, nullptr);
  EXPECT_TRUE(source->id_map.empty());
  EXPECT_EQ(source->tensors[2].name,
            "model.layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(source->tensors[2].file.path, "model.safetensors");
}

TEST(HfCheckpointTest, ChecksTheIndex) {
  ExportedFiles exported = Exported(2);
  std::string& index = exported["model.safetensors.index.json"];
  const std::string good = index;
  Replace(R"("model.norm.weight":"model-00002)",
          R"("model.norm.weight":"model-00001)", index);
  EXPECT_EQ(Refusal(exported),
            "model.safetensors.index.json: Invalid index: tensor "
            "\"model.norm.weight\" is not in "
            "\"model-00001-of-00002.safetensors\"");
  index = good;
  Replace(R"("model.norm.weight")", R"("model.nom.weight")", index);
  EXPECT_EQ(Refusal(exported),
            "model.safetensors.index.json: Invalid index: tensor "
            "\"model.nom.weight\" is not in "
            "\"model-00002-of-00002.safetensors\"");
  index = good;
  Replace(R"(,"model.norm.weight":"model-00002-of-00002.safetensors")", "",
          index);
  EXPECT_EQ(Refusal(exported),
            "model.safetensors.index.json: Invalid index: lacks tensor "
            "\"model.norm.weight\" of model-00002-of-00002.safetensors");
  index = good;
  exported["model-00003-of-00002.safetensors"] =
      exported["model-00001-of-00002.safetensors"];
  EXPECT_EQ(Refusal(exported),
            "model-00003-of-00002.safetensors: Invalid checkpoint: tensor "
            "\"lm_head.weight\" is in another file, too");
}

TEST(HfCheckpointTest, ATiedOutputMayBeThereOnce) {
  ExportedFiles exported = Exported();
  Replace(R"("tie_word_embeddings":false)", R"("tie_word_embeddings":true)",
          exported["config.json"]);
  // The test model's output is another matrix.
  EXPECT_EQ(Refusal(exported),
            "model.safetensors: Unsupported checkpoint: tie_word_embeddings is "
            "true, but "
            "\"lm_head.weight\" differs from \"model.embed_tokens.weight\"");
  // Both names at one place would overlap, so copy the values.
  std::string& weights = exported["model.safetensors"];
  const uint64_t data = 8 + LoadLittleEndian<uint64_t>(AsBytes(weights).data());
  const uint64_t bytes = 260 * 64 * sizeof(float);
  weights.replace(weights.size() - bytes, bytes, weights.substr(data, bytes));
  const auto source = OpenHfCheckpoint(FilesOf(exported));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE(source->shape.tied_output);
  EXPECT_EQ(source->tensors.size(), 20u);
}

TEST(HfCheckpointTest, NamesTheFileOfABadConfig) {
  ExportedFiles exported = Exported();
  exported["config.json"] = "{";
  EXPECT_EQ(Refusal(exported),
            "config.json: Invalid config: not JSON at byte 2");
  exported = Exported();
  exported["generation_config.json"] = "[]";
  EXPECT_EQ(Refusal(exported),
            "generation_config.json: Invalid generation config: no JSON "
            "object");
}

TEST(HfCheckpointTest, BoundsTheLengthOfConfigs) {
  ExportedFiles exported = Exported();
  exported["config.json"] = std::string((1 << 20) + 1, ' ');
  EXPECT_EQ(Refusal(exported),
            "config.json: Cannot read: 1048577 bytes long (at most 1048576)");
}

}  // namespace
}  // namespace pedigree
