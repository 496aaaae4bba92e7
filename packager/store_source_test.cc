#include "packager/store_source.h"

#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "packager/model_weights.h"
#include "packager/quantize.h"
#include "packager/tokenizer_writer.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

constexpr uint16_t kHalf = 0x3800;  // 0.5

StorageRequest AsSource() {
  StorageRequest request;
  request.as_source = true;
  return request;
}

// A tied model of widths 64, with 260 rows of embeddings.
ModelWeights SmallModel(uint32_t vocab_size = 260) {
  ModelWeights weights;
  weights.shape = {true, vocab_size, 4,        64,   1, 2, 1,
                   32,   64,         8, 10000.0f, 1e-5f};
  weights.tokenizer_section = WriteBtok();
  float value = -1;
  for (const TensorSpec& tensor : CanonicalTensors(weights.shape)) {
    std::vector<float>& values =
        weights.tensors.emplace_back(tensor.element_count());
    for (float& element : values) {
      element = value;
      value = value > 1 ? -1 : value + 0.0078125f;
    }
  }
  return weights;
}

struct Stored {
  StoredSource source;
  std::string bytes;
};

Stored Store(const ModelSource& source, const StorageRequest& request) {
  Stored stored;
  StringSink sink(&stored.bytes);
  auto result = StoreSource(source, request, &sink);
  EXPECT_TRUE(result.ok()) << result.status();
  if (result.ok()) stored.source = *std::move(result);
  return stored;
}

std::string Refusal(const ModelSource& source, const StorageRequest& request) {
  NullSink sink;
  return std::string(StoreSource(source, request, &sink).status().message());
}

// Index of layers.0.wq.weight, [64, 64].
constexpr int kWq = 2;

// Gives wq blocks of which each holds `scale`, then bytes 1, 2, 3 ...
ModelSource WithBlocks(SourceEncoding encoding, uint16_t scale,
                       std::string& blocks) {
  ModelSource source = *SourceOf(SmallModel());
  const uint64_t block_bytes = EncodedBytes(encoding, 32);
  for (int block = 0; block < 128; ++block) {
    AppendLittleEndian(scale, blocks);
    for (uint64_t i = 2; i < block_bytes; ++i) {
      blocks.push_back(static_cast<char>(i - 1));
    }
  }
  source.tensors[kWq].encoding = encoding;
  source.tensors[kWq].values = AsBytes(blocks);
  return source;
}

TEST(StoreSourceTest, RowsAreThoseOfTheMap) {
  ModelWeights weights = SmallModel();
  const std::vector<float> embeddings = weights.tensors[0];
  ModelSource source = *SourceOf(std::move(weights));
  std::vector<int64_t> rows(260);
  for (int i = 0; i < 260; ++i) rows[i] = 259 - i;
  rows[7] = kAbsentRow;
  source.tensors[0].rows =
      std::make_shared<const std::vector<int64_t>>(std::move(rows));
  const Stored stored = Store(source, {});
  const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
  const auto* values = reinterpret_cast<const float*>(model.payload(0).data());
  for (int column = 0; column < 64; ++column) {
    EXPECT_EQ(values[0 * 64 + column], embeddings[259 * 64 + column]);
    EXPECT_EQ(values[7 * 64 + column], 0.0f);
    EXPECT_EQ(values[259 * 64 + column], embeddings[column]);
  }
}

// What is decided for a whole tensor does not depend on the pieces: here the
// first has only scales that, alone, would not be rounded to halves.
TEST(StoreSourceTest, QuantisesAsTheWholeTensor) {
  ModelWeights weights = SmallModel(40000);
  std::vector<BpeToken> tokens;
  for (uint32_t id = 260; id < 40000; ++id) tokens.push_back({id, "x"});
  weights.tokenizer_section = *WriteBpe1(tokens, {});
  std::vector<float>& embeddings = weights.tensors[0];
  for (float& value : embeddings) value *= 0.0009f;
  const TensorData small =
      StoreTensor(embeddings, 64, DType::kQ4_0, kQuantBlockColumns);
  embeddings.back() = 0.75f;
  const TensorData expected =
      StoreTensor(embeddings, 64, DType::kQ4_0, kQuantBlockColumns);
  ASSERT_NE(small.scales.front(), expected.scales.front());
  StorageRequest request;
  request.dtype = DType::kQ4_0;
  const Stored stored = Store(*SourceOf(std::move(weights)), request);
  const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
  EXPECT_EQ(AsText(model.payload(0)), expected.payload);
  EXPECT_EQ(std::vector<float>(model.scales(0).begin(), model.scales(0).end()),
            expected.scales);
}

// Larger than one piece, so that pieces meet inside a tensor.
TEST(StoreSourceTest, PiecesMeetInsideTensors) {
  ModelWeights weights = SmallModel(40000);
  std::vector<BpeToken> tokens;
  for (uint32_t id = 260; id < 40000; ++id) tokens.push_back({id, "x"});
  weights.tokenizer_section = *WriteBpe1(tokens, {});
  const std::vector<float> embeddings = weights.tensors[0];
  uint64_t done = 0;
  std::string bytes;
  StringSink sink(&bytes);
  const auto stored = StoreSource(*SourceOf(std::move(weights)), {}, &sink, 0,
                                  [&](uint64_t now, uint64_t total) {
                                    EXPECT_GT(now, done);
                                    EXPECT_LE(now, total);
                                    done = now;
                                  });
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(done, bytes.size());
  EXPECT_EQ(stored->facts.file_bytes, bytes.size());
  const SlmReader model = *SlmReader::Parse(AsBytes(bytes));
  EXPECT_EQ(std::memcmp(model.payload(0).data(), embeddings.data(),
                        embeddings.size() * sizeof(float)),
            0);
}

TEST(StoreSourceTest, KeepsTheBitsOfQ8Blocks) {
  std::string blocks;
  const ModelSource source =
      WithBlocks(SourceEncoding::kQ8Blocks, kHalf, blocks);
  for (const StorageRequest& request :
       {AsSource(), StorageRequest{DType::kQ8_0, true, false}}) {
    const Stored stored = Store(source, request);
    const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
    EXPECT_EQ(model.entries()[kWq].dtype, DType::kQ8_0);
    EXPECT_EQ(model.entries()[kWq].block_size, 32u);
    EXPECT_EQ(model.payload(kWq).subspan(0, 32),
              AsBytes(blocks).subspan(2, 32));
    EXPECT_EQ(model.scales(kWq)[127], 0.5f);
  }
  // The rest is f32, as it was.
  const Stored stored = Store(source, AsSource());
  EXPECT_EQ(SlmReader::Parse(AsBytes(stored.bytes))->entries()[3].dtype,
            DType::kF32);
  EXPECT_TRUE(stored.source.exceptions.empty());
}

TEST(StoreSourceTest, KeepsTheBitsOfQ4Blocks) {
  std::string blocks;
  const ModelSource source =
      WithBlocks(SourceEncoding::kQ4Blocks, 0xb800, blocks);  // -0.5
  for (const StorageRequest& request :
       {AsSource(), StorageRequest{DType::kQ4_0, false, false}}) {
    const Stored stored = Store(source, request);
    const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
    EXPECT_EQ(model.entries()[kWq].dtype, DType::kQ4_0);
    EXPECT_EQ(model.scales(kWq)[0], -0.5f);
    // Bytes 1 ... 16 of the source: low nibbles 1 ... 15, 0 are values 0 to
    // 15, less 8; high nibbles are values 16 to 31.
    const ByteSpan payload = model.payload(kWq);
    for (int i = 0; i < 32; ++i) {
      const int byte = payload[i / 2];
      int value = i % 2 == 0 ? byte & 15 : byte >> 4;
      if (value > 7) value -= 16;
      const int source_byte = i % 16 + 1;
      EXPECT_EQ(value, (i < 16 ? source_byte & 15 : source_byte >> 4) - 8) << i;
    }
  }
}

TEST(StoreSourceTest, BlocksBecomeFloatsWhereAsked) {
  std::string blocks;
  const ModelSource source =
      WithBlocks(SourceEncoding::kQ8Blocks, kHalf, blocks);
  const Stored stored = Store(source, {});
  const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
  const auto* values =
      reinterpret_cast<const float*>(model.payload(kWq).data());
  EXPECT_EQ(values[0], 0.5f);
  EXPECT_EQ(values[31], 16.0f);
}

// A scale of 0 makes its values 0, whatever they are.
TEST(StoreSourceTest, AZeroScaleBecomesZeros) {
  for (const SourceEncoding encoding :
       {SourceEncoding::kQ8Blocks, SourceEncoding::kQ4Blocks}) {
    std::string blocks;
    const ModelSource source = WithBlocks(encoding, 0x8000, blocks);
    const Stored stored = Store(source, AsSource());
    const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
    EXPECT_EQ(model.scales(kWq)[0], 1.0f);
    for (const uint8_t byte : model.payload(kWq)) EXPECT_EQ(byte, 0);
  }
}

TEST(StoreSourceTest, RefusesScalesThatNoFileMayHold) {
  std::string a;
  EXPECT_EQ(Refusal(WithBlocks(SourceEncoding::kQ8Blocks, 0xb800, a),
                    AsSource()),
            "Invalid model: tensor \"layers.0.wq.weight\" value 0 has scale "
            "-0.5 (expected finite and positive)");
  std::string b;
  EXPECT_EQ(Refusal(WithBlocks(SourceEncoding::kQ4Blocks, 0x7c00, b),
                    AsSource()),
            "Invalid model: tensor \"layers.0.wq.weight\" value 0 has scale "
            "inf (expected finite)");
}

ModelSource WithGroups(uint32_t group_size, const std::string& values,
                       const std::string& scales) {
  ModelSource source = *SourceOf(SmallModel());
  SourceTensor& tensor = source.tensors[kWq];
  tensor.encoding = SourceEncoding::kQ8Groups;
  tensor.group_size = group_size;
  tensor.values = AsBytes(values);
  tensor.scales = AsBytes(scales);
  return source;
}

TEST(StoreSourceTest, GroupsKeepTheirBitsWhereBlocksFit) {
  const std::string values(64 * 64, '\x05');
  for (const uint32_t group_size : {32, 64, 128, 16}) {
    std::string scales;
    for (uint32_t i = 0; i < 64 * 64 / group_size; ++i) {
      AppendLittleEndian(static_cast<float>(i + 1), scales);
    }
    const Stored stored =
        Store(WithGroups(group_size, values, scales), AsSource());
    const SlmReader model = *SlmReader::Parse(AsBytes(stored.bytes));
    const TensorEntry& entry = model.entries()[kWq];
    if (group_size == 16) {
      EXPECT_EQ(entry.dtype, DType::kF32);
      ASSERT_EQ(stored.source.exceptions.size(), 1u);
      EXPECT_EQ(stored.source.exceptions[0].reason,
                "groups of 16 are no blocks of 32 in rows of 64");
      continue;
    }
    EXPECT_EQ(entry.dtype, DType::kQ8_0);
    EXPECT_EQ(entry.block_size, group_size == 64 ? 64u : 32u);
    EXPECT_EQ(AsText(model.payload(kWq)), values);
    const absl::Span<const float> kept = model.scales(kWq);
    EXPECT_EQ(kept.back(), static_cast<float>(64 * 64 / group_size));
    for (size_t i = 0; i < kept.size(); ++i) {
      EXPECT_EQ(kept[i], 1 + i * entry.block_size / group_size) << i;
    }
  }
}

TEST(StoreSourceTest, NamesTheSourcesValue) {
  ModelWeights weights = SmallModel();
  weights.tensors[kWq][64 * 3 + 5] = std::numeric_limits<float>::infinity();
  ModelSource source = *SourceOf(std::move(weights));
  source.tensors[kWq].name = "model.q";
  source.tensors[kWq].file.path = "a.safetensors";
  source.tensors[kWq].rows =
      std::make_shared<const std::vector<int64_t>>(RowsOfHalves(2, 32));
  EXPECT_EQ(Refusal(source, {DType::kQ4_0, false, false}),
            "a.safetensors: Invalid model: tensor \"model.q\" value 197 is not "
            "finite");
}

// Large enough for a thread that writes.
ModelWeights LargeModel() {
  ModelWeights weights = SmallModel();
  weights.shape.ffn_size = 30000;
  weights.tensors.clear();
  float value = -1;
  for (const TensorSpec& tensor : CanonicalTensors(weights.shape)) {
    for (float& element :
         weights.tensors.emplace_back(tensor.element_count())) {
      element = value;
      value = value > 1 ? -1 : value + 0.00390625f;
    }
  }
  return weights;
}

// Fails at the first byte past `room`.
class FullSink : public ByteSink {
 public:
  explicit FullSink(uint64_t room) : room_(room) {}
  absl::Status Append(ByteSpan bytes) override {
    if (bytes.size() > room_) return absl::ResourceExhaustedError("full");
    room_ -= bytes.size();
    return absl::OkStatus();
  }
  absl::Status Overwrite(uint64_t, ByteSpan) override {
    return absl::OkStatus();
  }

 private:
  uint64_t room_;
};

TEST(StoreSourceTest, ALargeModelIsWhatAComputedOneIs) {
  const ModelWeights weights = LargeModel();
  ComputedModel computed;
  computed.shape = weights.shape;
  computed.tokenizer_section = weights.tokenizer_section;
  computed.values = [&](size_t i) { return weights.tensors[i]; };
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    const Stored stored = Store(*SourceOf(weights), {dtype, true});
    std::string bytes;
    StringSink sink(&bytes);
    const auto other = StoreComputed(computed, {dtype, true}, &sink);
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_EQ(bytes, stored.bytes);
    EXPECT_EQ(other->errors.empty(), dtype == DType::kF32);
    ASSERT_EQ(other->errors.size(), stored.source.errors.size());
    for (size_t i = 0; i < other->errors.size(); ++i) {
      const StoredTensorError& error = stored.source.errors[i];
      EXPECT_EQ(other->errors[i].tensor, error.tensor);
      EXPECT_EQ(other->errors[i].error.largest, error.error.largest);
      EXPECT_EQ(other->errors[i].error.relative, error.error.relative);
    }
  }
}

TEST(StoreSourceTest, AFullDiskEndsIt) {
  const ModelSource source = *SourceOf(LargeModel());
  for (const uint64_t room : {0u, 100u, 1u << 20, 9u << 20}) {
    FullSink sink(room);
    EXPECT_EQ(StoreSource(source, {}, &sink).status().message(), "full");
  }
}

TEST(StoreSourceTest, ABadValueEndsIt) {
  ModelWeights weights = LargeModel();
  weights.tensors.back().back() = std::numeric_limits<float>::infinity();
  NullSink sink;
  EXPECT_EQ(StoreSource(*SourceOf(weights), {}, &sink).status().message(),
            "Invalid model: tensor \"norm.weight\" value 63 is not finite");
}

TEST(StoreSourceTest, TellsHowFarItIs) {
  const ModelSource source = *SourceOf(LargeModel());
  NullSink sink;
  uint64_t last = 0;
  uint64_t last_total = 0;
  const Progress progress = [&](uint64_t done, uint64_t total) {
    EXPECT_GT(done, last);
    last = done;
    last_total = total;
  };
  const auto stored = StoreSource(source, {}, &sink, 0, progress);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(last, last_total);
  EXPECT_EQ(last, stored->facts.file_bytes);
}

}  // namespace
}  // namespace pedigree
