#include "runtime/engine/preflight.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

void ExpectEqual(const MemoryUse& actual, const MemoryUse& planned,
                 std::string_view what) {
  EXPECT_EQ(actual.repacked, planned.repacked) << what;
  EXPECT_EQ(actual.context_tokens, planned.context_tokens) << what;
  EXPECT_EQ(actual.file_bytes, planned.file_bytes) << what;
  EXPECT_EQ(actual.mapped_bytes, planned.mapped_bytes) << what;
  EXPECT_EQ(actual.packed_bytes, planned.packed_bytes) << what;
  EXPECT_EQ(actual.tokenizer_bytes, planned.tokenizer_bytes) << what;
  EXPECT_EQ(actual.kv_cache_bytes, planned.kv_cache_bytes) << what;
  EXPECT_EQ(actual.scratch_bytes, planned.scratch_bytes) << what;
  EXPECT_EQ(actual.session_bytes, planned.session_bytes) << what;
  EXPECT_EQ(actual.adapter_bytes, planned.adapter_bytes) << what;
  EXPECT_EQ(actual.side_scratch_bytes, planned.side_scratch_bytes) << what;
}

std::vector<TinyModelOptions> Shapes() {
  // The first has a KV cache that is no multiple of 64 bytes.
  TinyModelOptions narrow;
  narrow.head_dim = 2;
  narrow.head_count = 3;
  narrow.kv_head_count = 1;
  narrow.hidden_size = 6;
  narrow.ffn_size = 5;
  narrow.max_context = 15;
  std::vector<TinyModelOptions> shapes = {narrow};
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    for (const bool tied : {false, true}) {
      for (const uint32_t hidden : {32, 96}) {
        for (const uint32_t context : {1, 100}) {
          TinyModelOptions options;
          options.dtype = dtype;
          options.tied_output = tied;
          options.hidden_size = hidden;
          options.head_dim = 16;
          options.head_count = 6;
          options.kv_head_count = hidden == 96 ? 6 : 3;
          options.ffn_size = 96;
          options.layer_count = 1 + context % 3;
          options.max_context = context;
          shapes.push_back(options);
        }
      }
    }
  }
  return shapes;
}

std::vector<EngineConfig> Configs(uint32_t max_context) {
  std::vector<EngineConfig> configs;
  for (const bool repack : {false, true}) {
    for (const int threads : {1, 3}) {
      for (const uint32_t sequences : {1, 5}) {
        EngineConfig config;
        config.repack = repack;
        config.threads = threads;
        config.sequences = sequences;
        config.batch_tokens = threads == 1 ? 64 : 7;
        config.context_tokens = sequences == 1 ? 0 : (max_context + 1) / 2;
        configs.push_back(config);
      }
    }
  }
  return configs;
}

TEST(PreflightTest, SaysToTheByteWhatIsAllocated) {
  for (const TinyModelOptions& shape : Shapes()) {
    const AlignedBytes file(TinyModel(shape));
    for (const EngineConfig& config : Configs(shape.max_context)) {
      const std::string what = absl::StrCat(
          DTypeName(shape.dtype), " hidden ", shape.hidden_size, " context ",
          shape.max_context, " repack ", config.repack, " sequences ",
          config.sequences);
      const auto planned = Preflight(AsBytes(file.text()), config);
      ASSERT_TRUE(planned.ok()) << what << planned.status();
      const auto engine = Engine::Load(AsBytes(file.text()), config);
      ASSERT_TRUE(engine.ok()) << what << engine.status();
      std::vector<std::unique_ptr<EngineSession>> sessions;
      for (uint32_t i = 0; i < config.sequences; ++i) {
        sessions.push_back(*(*engine)->NewSession());
        ASSERT_TRUE(sessions.back()
                        ->Run(std::vector<uint32_t>(
                            sessions.back()->capacity(), 65))
                        .ok());
      }
      ExpectEqual((*engine)->memory(), *planned, what);
      EXPECT_EQ((*engine)->memory().total_bytes(), planned->total_bytes());
    }
  }
}

TEST(PreflightTest, TellsWhenWeightsAreRepacked) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    TinyModelOptions options;
    options.dtype = dtype;
    const AlignedBytes file(TinyModel(options));
    const uint64_t size = file.text().size();
    EngineConfig config;
    const auto in_place = Preflight(AsBytes(file.text()), config);
    ASSERT_TRUE(in_place.ok());
    EXPECT_FALSE(in_place->repacked);
    EXPECT_EQ(in_place->packed_bytes, 0u);
    EXPECT_EQ(in_place->mapped_bytes, size);
    config.repack = true;
    const auto repacked = Preflight(AsBytes(file.text()), config);
    ASSERT_TRUE(repacked.ok());
    EXPECT_TRUE(repacked->repacked);
    EXPECT_LT(repacked->mapped_bytes, size);
    EXPECT_GE(repacked->mapped_bytes + repacked->packed_bytes, size);
  }
}

// The file with every scale 0.5, a half.
std::string WithHalfScales(std::string file) {
  const AlignedBytes aligned(file);
  const auto reader = SlmReader::Parse(AsBytes(aligned.text()));
  EXPECT_TRUE(reader.ok()) << reader.status();
  for (size_t i = 0; i < reader->entries().size(); ++i) {
    const uint64_t offset = reader->entries()[i].scale_offset;
    for (size_t j = 0; j < reader->scales(static_cast<int>(i)).size(); ++j) {
      StoreLittleEndian(0.5f, reinterpret_cast<uint8_t*>(
                                  &file[offset + j * sizeof(float)]));
    }
  }
  StoreLittleEndian(FileChecksum(AsBytes(file), kSlmChecksumOffset),
                    reinterpret_cast<uint8_t*>(&file[kSlmChecksumOffset]));
  return file;
}

TEST(PreflightTest, BlockScalesTakeTwoBytesWhenAllAreHalvesAndElseFour) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_0}) {
    TinyModelOptions options;
    options.dtype = dtype;
    options.block_size = 32;
    options.hidden_size = 96;
    options.head_dim = 16;
    options.head_count = 6;
    EngineConfig config;
    config.repack = true;
    const std::string floats = TinyModel(options);
    uint64_t packed[2];
    for (const bool halves : {false, true}) {
      const AlignedBytes file(halves ? WithHalfScales(floats) : floats);
      const auto planned = Preflight(AsBytes(file.text()), config);
      ASSERT_TRUE(planned.ok());
      const auto engine = Engine::Load(AsBytes(file.text()), config);
      ASSERT_TRUE(engine.ok());
      packed[halves ? 1 : 0] = planned->packed_bytes;
      EXPECT_EQ((*engine)->memory().packed_bytes, planned->packed_bytes);
    }
    EXPECT_LT(packed[1], packed[0]);
  }
}

TEST(PreflightTest, CountsAdapters) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  const AlignedBytes file(TinyModel(options));
  const AlignedBytes dense(TinyAdapter(
      file.text(), {{"layers.0.wq.weight", RandomValues(1, 32 * 32, 0.1f)},
                    {"norm.weight", RandomValues(2, 32, 0.1f)}}));
  const AlignedBytes sparse(TinySparseAdapter(
      file.text(), {{"layers.0.wq.weight", {3, 8}, {0.5f, 0.25f}},
                    {"layers.1.w1.weight", {0}, {0.5f}}}));
  const AlignedBytes low_rank(TinyLowRankAdapter(
      file.text(), {{"layers.1.wk.weight", 3, 0.5f, RandomValues(4, 96, 0.1f),
                     RandomValues(5, 48, 0.1f)},
                    {"layers.1.w2.weight", 5, 0.5f, RandomValues(6, 320, 0.1f),
                     RandomValues(7, 160, 0.1f)},
                    {"output.weight", 4, 0.5f, RandomValues(8, 128, 0.1f),
                     RandomValues(9, 1040, 0.1f)}}));
  const ByteSpan adapters[] = {AsBytes(dense.text()), AsBytes(sparse.text()),
                               AsBytes(low_rank.text())};
  for (const EngineConfig& config : Configs(48)) {
    const auto planned = Preflight(AsBytes(file.text()), config, adapters);
    ASSERT_TRUE(planned.ok()) << planned.status();
    EXPECT_GT(planned->adapter_bytes, 0u);
    EXPECT_EQ(planned->side_scratch_bytes, 8u * 4 * config.batch_tokens);
    const auto engine = Engine::Load(AsBytes(file.text()), config);
    ASSERT_TRUE(engine.ok());
    for (const ByteSpan adapter : adapters) {
      ASSERT_TRUE((*engine)->ApplyAdapter(adapter).ok());
    }
    std::vector<std::unique_ptr<EngineSession>> sessions;
    for (uint32_t i = 0; i < config.sequences; ++i) {
      sessions.push_back(*(*engine)->NewSession());
      ASSERT_TRUE(sessions.back()->Run({256, 1, 2}).ok());
    }
    ExpectEqual((*engine)->memory(), *planned, "adapters");
  }
}

TEST(PreflightTest, RefusesAnAdapterOfAnotherLayout) {
  TinyModelOptions small;
  small.layer_count = 1;
  const AlignedBytes file(TinyModel(small));
  const AlignedBytes adapter(TinyAdapter(
      TinyModel({}), {{"layers.1.wq.weight", RandomValues(1, 1024, 0.1f)}}));
  const ByteSpan adapters[] = {AsBytes(adapter.text())};
  EXPECT_EQ(
      GetErrorCode(Preflight(AsBytes(file.text()), {}, adapters).status()),
      ErrorCode::kAdapterPayloadInvalid);
}

TEST(PreflightTest, RefusesWhatLoadingWouldRefuse) {
  TinyModelOptions options;
  options.max_context = 4000000000u;
  const AlignedBytes hostile(TinyModel(options));
  EXPECT_EQ(GetErrorCode(Preflight(AsBytes(hostile.text()), {}).status()),
            ErrorCode::kResourceLimit);
  const AlignedBytes file(TinyModel({}));
  EngineConfig config;
  config.context_tokens = 49;
  EXPECT_EQ(GetErrorCode(Preflight(AsBytes(file.text()), config).status()),
            ErrorCode::kInvalidLength);
  config = EngineConfig();
  config.threads = 0;
  EXPECT_EQ(GetErrorCode(Preflight(AsBytes(file.text()), config).status()),
            ErrorCode::kInvalidLength);
  const AlignedBytes cut(file.text().substr(0, file.text().size() - 64));
  EXPECT_EQ(GetErrorCode(Preflight(AsBytes(cut.text()), {}).status()),
            ErrorCode::kInvalidTensorDirectory);
}

TEST(PreflightTest, OfAFileReadsNoPayload) {
  std::string hollow = TinyModel({});
  {
    const AlignedBytes file(hollow);
    const auto reader = SlmReader::Parse(AsBytes(file.text()));
    ASSERT_TRUE(reader.ok()) << reader.status();
    for (const TensorEntry& entry : reader->entries()) {
      hollow.replace(entry.byte_offset, entry.byte_length, entry.byte_length,
                     '\xff');
    }
  }
  const std::string path = testing::TempDir() + "/hollow.slm";
  ASSERT_TRUE(WriteFileAtomically(path, hollow).ok());
  const auto use = PreflightFile(path, {});
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(use->file_bytes, hollow.size());
  EXPECT_FALSE(OpenEngine(path, {}).ok());
  const auto missing = PreflightFile(testing::TempDir() + "/missing", {});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pedigree
