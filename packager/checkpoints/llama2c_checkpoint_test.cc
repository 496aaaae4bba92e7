#include "packager/checkpoints/llama2c_checkpoint.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

constexpr int32_t kDim = 4;
constexpr int32_t kFfn = 6;
constexpr int32_t kLayers = 2;
constexpr int32_t kHeads = 2;
constexpr int32_t kKvHeads = 1;
constexpr int32_t kVocab = 260;
constexpr int32_t kContext = 8;
constexpr int32_t kKvDim = 2;
constexpr int32_t kLayerMatrices =
    2 * kDim * kDim + 2 * kKvDim * kDim + 3 * kDim * kFfn;

void AppendFields(int32_t vocab_size, std::string& bytes) {
  for (int32_t value :
       {kDim, kFfn, kLayers, kHeads, kKvHeads, vocab_size, kContext}) {
    AppendLittleEndian(value, bytes);
  }
}

// Every float is its index among the file's floats, so places can be told
// apart.
void AppendFloats(int32_t count, std::string& bytes) {
  for (int32_t i = 0; i < count; ++i) {
    AppendLittleEndian(static_cast<float>(i), bytes);
  }
}

// Version 0, whose own output shows as a negative vocabulary.
std::string Checkpoint(bool tied) {
  std::string bytes;
  AppendFields(tied ? kVocab : -kVocab, bytes);
  AppendFloats(kVocab * kDim + kLayers * (2 * kDim + kLayerMatrices) + kDim +
                   kContext * kDim / kHeads + (tied ? 0 : kVocab * kDim),
               bytes);
  return bytes;
}

std::string LongHeader(int32_t version, bool tied, int32_t group_size) {
  std::string bytes;
  AppendLittleEndian(uint32_t{0x616b3432}, bytes);
  AppendLittleEndian(version, bytes);
  AppendFields(kVocab, bytes);
  bytes.push_back(tied ? 1 : 0);
  if (version == 2) AppendLittleEndian(group_size, bytes);
  bytes.resize(256);
  return bytes;
}

std::string Version1(bool tied) {
  std::string bytes = LongHeader(1, tied, 0);
  AppendFloats((tied ? 1 : 2) * kVocab * kDim +
                   kLayers * (2 * kDim + kLayerMatrices) + kDim,
               bytes);
  return bytes;
}

// Each matrix has bytes of its own index in the file, and scales of 1000 times
// that, plus the scale's index.
std::string Version2(int32_t group_size) {
  std::string bytes = LongHeader(2, true, group_size);
  AppendFloats(kLayers * 2 * kDim + kDim, bytes);
  int index = 0;
  const auto add = [&](int32_t count) {
    bytes.append(count, static_cast<char>(++index));
    for (int32_t i = 0; i < count / group_size; ++i) {
      AppendLittleEndian(static_cast<float>(1000 * index + i), bytes);
    }
  };
  add(kVocab * kDim);
  for (const int32_t count :
       {kDim * kDim, kKvDim * kDim, kKvDim * kDim, kDim * kDim, kFfn * kDim,
        kFfn * kDim, kFfn * kDim}) {
    for (int32_t layer = 0; layer < kLayers; ++layer) add(count);
  }
  return bytes;
}

absl::StatusOr<ModelSource> Open(const std::string& checkpoint) {
  static const std::string& tokenizer = *new std::string(WriteBtok());
  return OpenLlama2cCheckpoint({"model.bin", AsBytes(checkpoint)},
                               {"tok.bin", AsBytes(tokenizer)});
}

float FirstFloat(const SourceTensor& tensor) {
  return LoadLittleEndian<float>(tensor.values.data());
}

TEST(Llama2cCheckpointTest, ReadsTheShape) {
  for (const std::string& checkpoint :
       {Checkpoint(true), Version1(true), Version2(4)}) {
    const ModelShape shape = Open(checkpoint)->shape;
    EXPECT_TRUE(shape.tied_output);
    EXPECT_EQ(shape.vocab_size, 260u);
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
}

TEST(Llama2cCheckpointTest, FindsEachTensorInTheFile) {
  const std::string checkpoint = Checkpoint(false);
  const ModelSource source = *Open(checkpoint);
  // First values in canonical order. In the file the embeddings take 1040
  // floats; then lie, for both layers each: attention norms (4), wq (16), wk
  // (8), wv (8), wo (16), ffn norms (4), w1 (24), w2 (24), w3 (24).
  const std::vector<SourceTensor>& tensors = source.tensors;
  const std::vector<float> layer_0 = {1040, 1048, 1080, 1096, 1112,
                                      1144, 1152, 1248, 1200};
  const std::vector<float> layer_1 = {1044, 1064, 1088, 1104, 1128,
                                      1148, 1176, 1272, 1224};
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(FirstFloat(tensors[1 + i]), layer_0[i]) << i;
    EXPECT_EQ(FirstFloat(tensors[10 + i]), layer_1[i]) << i;
  }
  EXPECT_EQ(FirstFloat(tensors[0]), 0.0f);
  EXPECT_EQ(FirstFloat(tensors[19]), 1296.0f);
  // The output follows the final norm and the 8 x 2 RoPE factors.
  ASSERT_EQ(tensors.size(), 21u);
  EXPECT_EQ(FirstFloat(tensors[20]), 1316.0f);
}

TEST(Llama2cCheckpointTest, FindsEachTensorOfVersion1) {
  const std::string checkpoint = Version1(false);
  const ModelSource source = *Open(checkpoint);
  // Attention norms (4 for each layer), ffn norms (4), the norm (4), embeddings
  // (1040), wq (16), wk (8), wv (8), wo (16), w1, w2, w3 (24), output.
  const std::vector<SourceTensor>& tensors = source.tensors;
  const std::vector<float> layer_1 = {4,  1076, 1100, 1116, 1140,
                                      12, 1180, 1276, 1228};
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(FirstFloat(tensors[10 + i]), layer_1[i]) << i;
  }
  EXPECT_EQ(FirstFloat(tensors[0]), 20.0f);
  EXPECT_EQ(FirstFloat(tensors[19]), 16.0f);
  EXPECT_EQ(FirstFloat(tensors[20]), 1300.0f);
}

TEST(Llama2cCheckpointTest, FindsValuesAndScalesOfVersion2) {
  const std::string checkpoint = Version2(4);
  const ModelSource source = *Open(checkpoint);
  const std::vector<SourceTensor>& tensors = source.tensors;
  EXPECT_EQ(tensors[1].encoding, SourceEncoding::kF32);
  EXPECT_EQ(FirstFloat(tensors[10]), 4.0f);
  // wq, wk, wv, wo, w1, w3, w2 of the second layer, by their index in the file.
  const std::vector<int> index = {3, 5, 7, 9, 11, 15, 13};
  const std::vector<int> canonical = {11, 12, 13, 14, 16, 17, 18};
  for (size_t i = 0; i < index.size(); ++i) {
    const SourceTensor& tensor = tensors[canonical[i]];
    EXPECT_EQ(tensor.encoding, SourceEncoding::kQ8Groups);
    EXPECT_EQ(tensor.group_size, 4u);
    EXPECT_EQ(tensor.values[0], index[i]) << tensor.name;
    EXPECT_EQ(tensor.values.back(), index[i]) << tensor.name;
    const size_t last = tensor.scales.size() - sizeof(float);
    EXPECT_EQ(LoadLittleEndian<float>(tensor.scales.data() + last),
              1000 * index[i] + static_cast<float>(last / 4))
        << tensor.name;
  }
}

TEST(Llama2cCheckpointTest, RefusesAFileOfAnotherSize) {
  for (std::string checkpoint :
       {Checkpoint(true), Version1(false), Version2(4)}) {
    const std::string size = std::to_string(checkpoint.size());
    const std::string longer = std::to_string(checkpoint.size() + 4);
    checkpoint.append(4, '\0');
    const absl::Status status = Open(checkpoint).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(status.message(),
              "model.bin: Corrupted llama2.c checkpoint: " + longer +
                  " bytes (its header asks for " + size + ")");
  }
}

TEST(Llama2cCheckpointTest, RefusesAShortHeader) {
  EXPECT_EQ(
      Open("1234").status().message(),
      "model.bin: Corrupted llama2.c checkpoint: 4 bytes (header needs 28)");
  EXPECT_EQ(
      Open(LongHeader(1, true, 0).substr(0, 255)).status().message(),
      "model.bin: Corrupted llama2.c checkpoint: 255 bytes (header needs 256)");
}

// What is said of `checkpoint` with `value` at byte `offset`.
std::string Refusal(std::string checkpoint, size_t offset, int32_t value) {
  StoreLittleEndian(value,
                    reinterpret_cast<uint8_t*>(checkpoint.data()) + offset);
  return std::string(Open(checkpoint).status().message());
}

TEST(Llama2cCheckpointTest, RefusesBrokenLongHeaders) {
  EXPECT_EQ(Refusal(Version1(true), 4, 3),
            "model.bin: Unsupported llama2.c checkpoint: version 3 (this build "
            "reads 0, 1 and 2)");
  EXPECT_EQ(Refusal(Version1(true), 8, 0),
            "model.bin: Invalid llama2.c checkpoint: dim is 0 (expected 1 to "
            "16777216), at byte 8");
  EXPECT_EQ(Refusal(Version1(true), 28, -260),
            "model.bin: Invalid llama2.c checkpoint: vocab_size is -260 "
            "(expected 1 to 16777216), at byte 28");
  EXPECT_EQ(Refusal(Version1(true), 36, 2),
            "model.bin: Invalid llama2.c checkpoint: shared classifier is 2 "
            "(expected 0 or 1), at byte 36");
  EXPECT_EQ(Refusal(Version1(true), 252, 1),
            "model.bin: Invalid llama2.c checkpoint: header byte 252 is 1 "
            "(expected 0)");
  EXPECT_EQ(Refusal(Version2(4), 37, 0),
            "model.bin: Invalid llama2.c checkpoint: group_size is 0 (expected "
            "1 to 16777216), at byte 37");
}

TEST(Llama2cCheckpointTest, RefusesGroupsThatDivideNoTensor) {
  EXPECT_EQ(Open(Version2(3)).status().message(),
            "model.bin: Invalid llama2.c checkpoint: group_size 3 does not "
            "divide the 1040 values of tok_embeddings.weight");
}

struct HeaderRefusal {
  int field;
  int32_t value;
  std::string message;
};

class Llama2cHeaderTest : public testing::TestWithParam<HeaderRefusal> {};

TEST_P(Llama2cHeaderTest, NamesTheField) {
  EXPECT_EQ(Refusal(Checkpoint(true), 4 * GetParam().field, GetParam().value),
            GetParam().message);
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
                      "(expected 1 to 16777216), at byte 8"},
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
            5, std::numeric_limits<int32_t>::min(),
            "model.bin: Invalid llama2.c checkpoint: vocab_size is -2147483648 "
            "(expected 1 to 16777216), at byte 20"},
        HeaderRefusal{
            2, 16777216,
            "model.bin: Corrupted llama2.c checkpoint: 5292 bytes (its header "
            "asks for 8589938860)"}));

}  // namespace
}  // namespace pedigree
