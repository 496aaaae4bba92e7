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

std::vector<TensorForm> Forms(const SlmContent& content) {
  std::vector<TensorForm> forms;
  for (const TensorData& tensor : content.tensors) {
    forms.push_back({tensor.dtype, tensor.block_size});
  }
  return forms;
}

// Writes `content` in pieces of `piece` payload bytes and as many scales.
absl::StatusOr<ModelFacts> WriteInPieces(const SlmContent& content,
                                         size_t piece, ByteSink* sink,
                                         uint64_t* checksum) {
  auto writer = SlmWriter::Create(content.shape, content.tokenizer_section,
                                  Forms(content), sink, *checksum);
  if (!writer.ok()) return writer.status();
  for (const TensorData& tensor : content.tensors) {
    const ByteSpan payload = AsBytes(tensor.payload);
    const absl::Span<const float> scales = tensor.scales;
    for (size_t at = 0; at < payload.size(); at += piece) {
      const absl::Status status =
          (*writer)->Append(payload.subspan(at, piece), {});
      if (!status.ok()) return status;
    }
    for (size_t at = 0; at < scales.size(); at += piece) {
      const absl::Status status =
          (*writer)->Append({}, scales.subspan(at, piece));
      if (!status.ok()) return status;
    }
  }
  absl::StatusOr<ModelFacts> facts = (*writer)->Finish();
  *checksum = (*writer)->checksum();
  return facts;
}

TEST(SlmWriterTest, PiecesGiveTheSameBytesAndFacts) {
  for (DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    const SlmContent content = MakeContent(TinyShape(), dtype);
    const std::string whole = WriteSlm(content).value();
    const ModelFacts expected =
        FactsOf(SlmReader::Parse(AsBytes(whole)).value(), Sha256(whole));
    for (size_t piece : {4, 12, 4096}) {
      std::string file;
      StringSink sink(&file);
      uint64_t checksum = 0;
      const auto facts = WriteInPieces(content, piece, &sink, &checksum);
      ASSERT_TRUE(facts.ok()) << facts.status();
      EXPECT_EQ(file, whole);
      EXPECT_EQ(facts->file_bytes, expected.file_bytes);
      EXPECT_EQ(facts->tensor_digests, expected.tensor_digests);
      EXPECT_EQ(TensorLayoutChecksum(facts->entries),
                TensorLayoutChecksum(expected.entries));
      // A second run that knows the checksum need not go back.
      DigestSink digest;
      ASSERT_TRUE(WriteInPieces(content, piece, &digest, &checksum).ok());
      EXPECT_EQ(digest.Finish(), expected.digest);
    }
  }
}

TEST(SlmWriterTest, RefusesAnotherChecksum) {
  NullSink sink;
  uint64_t checksum = 1;
  EXPECT_EQ(WriteInPieces(MakeContent(TinyShape(), DType::kF32), 64, &sink,
                          &checksum)
                .status()
                .code(),
            absl::StatusCode::kDataLoss);
}

TEST(SlmWriterTest, RefusesTooFewAndTooManyValues) {
  const SlmContent content = MakeContent(TinyShape(), DType::kF32);
  NullSink sink;
  auto writer = SlmWriter::Create(content.shape, content.tokenizer_section,
                                  Forms(content), &sink);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (const TensorData& tensor : content.tensors) {
    ASSERT_TRUE((*writer)->Append(AsBytes(tensor.payload), {}).ok());
  }
  EXPECT_EQ((*writer)->Append({}, {}).message(),
            "Invalid model: more than 11 tensors");
  SlmContent short_content = content;
  short_content.tensors.back().payload.resize(4);
  EXPECT_EQ(WriteSlm(short_content).status().message(),
            "Invalid model: tensor \"norm.weight\" (f32) has 4 payload bytes "
            "(expected 16)");
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
