#include "packager/slm_writer.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

ModelShape TinyShape() {
  ModelShape shape;
  shape.tied_output = true;
  shape.vocab_size = 260;
  shape.special_token_count = 4;
  shape.hidden_size = 4;
  shape.layer_count = 1;
  shape.head_count = 2;
  shape.kv_head_count = 1;
  shape.head_dim = 2;
  shape.ffn_size = 4;
  shape.max_context = 8;
  shape.rope_theta = 10000;
  shape.rms_norm_epsilon = 1e-5f;
  return shape;
}

// A model whose tensors all have `dtype`, zero payloads and scales of 1.
SlmContent MakeContent(const ModelShape& shape, DType dtype,
                       uint32_t q4_block_size = 2) {
  SlmContent content;
  content.shape = shape;
  content.tokenizer_section = WriteBtok();
  for (const TensorSpec& spec : CanonicalTensors(shape)) {
    TensorData tensor;
    tensor.dtype = dtype;
    if (dtype == DType::kQ8_0) tensor.block_size = spec.columns();
    if (dtype == DType::kQ4_0) tensor.block_size = q4_block_size;
    const StorageSize size = *TensorStorage(dtype, spec.rows(), spec.columns(),
                                            tensor.block_size);
    tensor.payload.resize(size.payload_bytes);
    tensor.scales.resize(size.scale_count, 1.0f);
    content.tensors.push_back(std::move(tensor));
  }
  return content;
}

ModelShape SizeCheckShape() {
  ModelShape shape = TinyShape();
  shape.tied_output = false;
  shape.hidden_size = 512;
  shape.layer_count = 4;
  shape.head_count = 8;
  shape.kv_head_count = 8;
  shape.head_dim = 64;
  shape.ffn_size = 2048;
  shape.max_context = 512;
  return shape;
}

// The three sizes that docs/formats/slm.md gives for one shape.
TEST(SlmWriterTest, WritesThePublishedSizes) {
  const struct {
    DType dtype;
    size_t size;
  } kCases[] = {{DType::kF32, 68194944},
                {DType::kQ8_0, 17160000},
                {DType::kQ4_0, 10657728}};
  for (const auto& c : kCases) {
    const auto file = WriteSlm(MakeContent(SizeCheckShape(), c.dtype, 32));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->size(), c.size) << DTypeName(c.dtype);
    const uint8_t* bytes = AsBytes(*file).data();
    EXPECT_EQ(LoadLittleEndian<uint64_t>(bytes + 80), 192u);
    EXPECT_EQ(LoadLittleEndian<uint32_t>(bytes + 88), 39u);
    EXPECT_EQ(LoadLittleEndian<uint64_t>(bytes + 92), 2688u);
  }
}

TEST(SlmWriterTest, WritesWhatTheReaderGivesBack) {
  SlmContent content = MakeContent(TinyShape(), DType::kQ8_0);
  content.tensors[2].payload = "0123456789abcdef";
  content.tensors[2].scales = {1, 2, 3, 4};
  const auto file = WriteSlm(content);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto model = SlmReader::Parse(AsBytes(*file));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(AsText(model->payload(2)), content.tensors[2].payload);
  EXPECT_EQ(model->scales(2), content.tensors[2].scales);
  EXPECT_EQ(AsText(model->tokenizer_section()), content.tokenizer_section);
  EXPECT_EQ(model->shape().rms_norm_epsilon, 1e-5f);
}

TEST(SlmWriterTest, EqualContentIsEqualBytes) {
  const SlmContent content = MakeContent(TinyShape(), DType::kQ4_0);
  EXPECT_EQ(WriteSlm(content).value(), WriteSlm(content).value());
}

// What the writer says of tiny content after `change`.
template <typename Change>
std::string Refusal(DType dtype, Change change) {
  SlmContent content = MakeContent(TinyShape(), dtype);
  change(content);
  const absl::Status status = WriteSlm(content).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(SlmWriterTest, RefusesAShapeThatBreaksTheRules) {
  EXPECT_EQ(Refusal(DType::kF32,
                    [](SlmContent& c) { c.shape.layer_count = 0; }),
            "Invalid .slm file: layer_count is 0 (must be at least 1)");
  EXPECT_EQ(Refusal(DType::kF32,
                    [](SlmContent& c) { c.shape.layer_count = ~0u; }),
            "Invalid model: 11 tensors (expected 38654705657)");
}

TEST(SlmWriterTest, RefusesTensorsOfTheWrongSize) {
  EXPECT_EQ(Refusal(DType::kF32, [](SlmContent& c) { c.tensors.pop_back(); }),
            "Invalid model: 10 tensors (expected 11)");
  EXPECT_EQ(Refusal(DType::kF32,
                    [](SlmContent& c) { c.tensors[1].payload += '\0'; }),
            "Invalid model: tensor \"layers.0.attn_norm.weight\" (f32) has 17 "
            "payload bytes (expected 16)");
  EXPECT_EQ(Refusal(DType::kQ8_0,
                    [](SlmContent& c) { c.tensors[2].scales.pop_back(); }),
            "Invalid model: tensor \"layers.0.wq.weight\" (q8_0) has 3 scales "
            "(expected 4)");
  EXPECT_EQ(Refusal(DType::kQ4_0,
                    [](SlmContent& c) { c.tensors[2].block_size = 3; }),
            "Invalid model: tensor \"layers.0.wq.weight\" (q4_0) has "
            "block_size 3, which its 4 columns do not allow");
}

TEST(SlmWriterTest, RefusesValuesThatTheReaderRefuses) {
  EXPECT_EQ(Refusal(DType::kF32,
                    [](SlmContent& c) {
                      c.tensors[1].payload.replace(4, 4, "\xff\xff\xff\xff");
                    }),
            "Invalid .slm file: tensor \"layers.0.attn_norm.weight\" has value "
            "nan at index 1 (must be finite)");
  EXPECT_EQ(Refusal(DType::kQ8_0,
                    [](SlmContent& c) { c.tensors[2].scales[1] = -2; }),
            "Invalid .slm file: tensor \"layers.0.wq.weight\" has scale -2 at "
            "index 1 (q8_0 scales are finite and positive)");
  EXPECT_EQ(Refusal(DType::kQ4_0,
                    [](SlmContent& c) { c.tensors[2].scales[0] = 0; }),
            "Invalid .slm file: tensor \"layers.0.wq.weight\" has scale 0 at "
            "index 0 (q4_0 scales are finite and nonzero)");
}

TEST(SlmWriterTest, RefusesATokenizerOfAnotherVocabulary) {
  SlmContent content = MakeContent(TinyShape(), DType::kF32);
  content.tokenizer_section = WriteBpe1({{260, "th"}}, {}).value();
  EXPECT_EQ(WriteSlm(content).status().message(),
            "Invalid BPE1 section: vocab_size is 261 (the model's is 260), at "
            "byte 8");
}

}  // namespace
}  // namespace pedigree
