#include "packager/checkpoints/gguf_checkpoint.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "packager/checkpoints/export.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

void AppendText(const std::string& text, std::string& out) {
  AppendLittleEndian(uint64_t{text.size()}, out);
  out += text;
}

// The test model with one key more. Alignment is that of the file as it was, so
// the data are moved by a multiple of 32.
std::string WithKey(const std::string& key, uint32_t type,
                    const std::string& value) {
  const std::string model = TestModel();
  std::string file =
      ExportGguf(*SlmReader::Parse(AsBytes(model)), SourceEncoding::kF32);
  std::string added;
  AppendText(key, added);
  AppendLittleEndian(type, added);
  added += value;
  // A filling key makes the whole a multiple of 32.
  std::string filling;
  AppendText("general.filling", filling);
  AppendLittleEndian(uint32_t{8}, filling);
  const size_t rest = (added.size() + filling.size() + 8) % 32;
  AppendText(std::string((32 - rest) % 32, 'x'), filling);
  file.insert(24, added + filling);
  const auto count = LoadLittleEndian<uint64_t>(AsBytes(file).data() + 16);
  StoreLittleEndian(count + 2, reinterpret_cast<uint8_t*>(&file[16]));
  return file;
}

absl::StatusOr<ModelSource> Open(const std::string& file,
                                 bool own_tokenizer = false) {
  const std::string model = TestModel();
  const std::string section(
      AsText(SlmReader::Parse(AsBytes(model))->tokenizer_section()));
  return OpenGgufCheckpoint(
      {"m.gguf", AsBytes(file)},
      own_tokenizer ? std::nullopt
                    : std::optional<SourceFile>({"tok", AsBytes(section)}));
}

template <typename T>
std::string Bytes(T value) {
  std::string bytes;
  AppendLittleEndian(value, bytes);
  return bytes;
}

TEST(GgufCheckpointTest, ReadsTheShape) {
  const std::string file = WithKey("general.name", 4, Bytes(uint32_t{1}));
  const auto source = Open(file);
  ASSERT_TRUE(source.ok()) << source.status();
  const std::string model = TestModel();
  const ModelShape expected = SlmReader::Parse(AsBytes(model))->shape();
  const ModelShape& shape = source->shape;
  EXPECT_EQ(shape.tied_output, expected.tied_output);
  EXPECT_EQ(shape.vocab_size, expected.vocab_size);
  EXPECT_EQ(shape.hidden_size, expected.hidden_size);
  EXPECT_EQ(shape.layer_count, expected.layer_count);
  EXPECT_EQ(shape.head_count, expected.head_count);
  EXPECT_EQ(shape.kv_head_count, expected.kv_head_count);
  EXPECT_EQ(shape.head_dim, expected.head_dim);
  EXPECT_EQ(shape.ffn_size, expected.ffn_size);
  EXPECT_EQ(shape.max_context, expected.max_context);
  EXPECT_EQ(shape.rope_theta, expected.rope_theta);
  EXPECT_EQ(shape.rms_norm_epsilon, expected.rms_norm_epsilon);
  // Rows are adjacent pairs already.
  EXPECT_EQ(source->tensors[2].rows, nullptr);
}

TEST(GgufCheckpointTest, TakesKeysThatChangeNothing) {
  for (const auto& [key, type, value] :
       {std::tuple("llama.expert_count", 4, Bytes(uint32_t{0})),
        std::tuple("llama.rope.scaling.factor", 6, Bytes(1.0f)),
        std::tuple("llama.attention.causal", 7, std::string(1, '\1')),
        std::tuple("llama.vocab_size", 4, Bytes(uint32_t{260})),
        std::tuple("split.count", 2, Bytes(uint16_t{1})),
        std::tuple("llama.tensor_data_layout", 4, Bytes(uint32_t{0}))}) {
    const std::string file = WithKey(key, type, value);
    const auto source = Open(file);
    EXPECT_TRUE(source.ok()) << source.status();
  }
}

TEST(GgufCheckpointTest, AsksForATokenizer) {
  const std::string file = WithKey("general.name", 4, Bytes(uint32_t{1}));
  EXPECT_EQ(Open(file, true).status().message(),
            "m.gguf: Invalid GGUF file: key \"tokenizer.ggml.model\" is "
            "missing (--tokenizer gives a tokenizer of its own)");
}

TEST(GgufCheckpointTest, RefusesUnknownTokenizerKeys) {
  // Nobody reads the file's own tokenizer when another is given.
  const std::string file =
      WithKey("tokenizer.ggml.precompiled_charsmap", 4, Bytes(uint32_t{1}));
  EXPECT_TRUE(Open(file).ok());
  std::string model = Bytes(uint64_t{5});
  model += "llama";
  const std::string half = WithKey("tokenizer.ggml.model", 8, model);
  EXPECT_EQ(Open(half, true).status().message(),
            "m.gguf: Invalid GGUF file: key \"tokenizer.ggml.tokens\" has 0 "
            "tokens (the embeddings have 260 rows)");
}

}  // namespace
}  // namespace pedigree
