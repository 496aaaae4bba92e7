#include "runtime/engine/load_model.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file_hashes.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/preflight.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/read_row.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/testing/writable_file.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// Remembers whether anything was released, and that it was part of the file.
class Recorder final : public ByteSource {
 public:
  explicit Recorder(ByteSpan bytes) : bytes_(bytes) {}
  ByteSpan bytes() const override { return bytes_; }
  bool releases() const override { return true; }
  void Release(ByteSpan range) const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_GE(range.data(), bytes_.data());
    EXPECT_LE(range.data() + range.size(), bytes_.data() + bytes_.size());
    ++calls_;
  }
  int calls() const { return calls_; }

 private:
  ByteSpan bytes_;
  mutable std::mutex mutex_;
  mutable int calls_ = 0;
};

std::string Tiny(DType dtype, bool tied = false) {
  TinyModelOptions options;
  options.dtype = dtype;
  options.tied_output = tied;
  return TinyModel(options);
}

TEST(LoadModelTest, GivesTheModelOfModelLoadByAnyNumberOfThreads) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    const AlignedBytes file(Tiny(dtype));
    for (const bool repack : {false, true}) {
      for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        const Recorder source(AsBytes(file.text()));
        const auto loaded = LoadModel(source, repack, std::nullopt, &pool);
        ASSERT_TRUE(loaded.ok()) << loaded.status();
        EXPECT_EQ(loaded->model->digest(), Sha256(file.text()));
        EXPECT_EQ(loaded->packed.has_value(), repack);
        EXPECT_EQ(source.calls() > 0, repack);
      }
    }
  }
}

TEST(LoadModelTest, OnlyWhatIsMultipliedWithIsPacked) {
  ThreadPool pool(1);
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    for (const bool tied : {false, true}) {
      const AlignedBytes file(Tiny(dtype, tied));
      const BorrowedBytes source(AsBytes(file.text()));
      const auto loaded = LoadModel(source, true, std::nullopt, &pool);
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      const Weights& weights = loaded->weights();
      EXPECT_EQ(weights.embeddings().packed != nullptr, tied);
      EXPECT_NE(weights.output().packed, nullptr);
      EXPECT_EQ(weights.norm().packed, nullptr);
      EXPECT_EQ(loaded->packed->bytes(),
                PackedWeights::Bytes(loaded->model->weights()));
    }
  }
}

TEST(LoadModelTest, WhatMayBeWrittenOverIsPackedWhereItLies) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_0}) {
    for (const int threads : {1, 2}) {
      ThreadPool pool(threads);
      const WritableFile source(Tiny(dtype));
      const auto loaded = LoadModel(source, true, std::nullopt, &pool);
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      const AlignedBytes file(Tiny(dtype));
      const auto expected = *Model::Load(AsBytes(file.text()));
      EXPECT_EQ(loaded->model->digest(), expected->digest());
      // 260 rows are no whole tiles, so these are copied.
      const int output = expected->weights().output_index();
      EXPECT_EQ(loaded->packed->bytes(),
                PackedBytes(loaded->weights().output()));
      std::vector<float> row, expected_row;
      for (size_t i = 0; i < expected->weights().tensors().size(); ++i) {
        const TensorView& stored = expected->weights().tensors()[i];
        for (const Weights* weights :
             {&loaded->model->weights(), &loaded->weights()}) {
          const TensorView& tensor = weights->tensors()[i];
          const bool quantized = tensor.dtype != DType::kF32;
          const bool looked_up = i == 0;
          EXPECT_EQ(tensor.payload == nullptr,
                    quantized && !looked_up && static_cast<int>(i) != output);
          row.resize(tensor.columns);
          expected_row.resize(tensor.columns);
          for (uint64_t r = 0; r < tensor.rows; ++r) {
            ReadRow(tensor, r, absl::MakeSpan(row));
            DequantizeRow(stored, r, absl::MakeSpan(expected_row));
            ASSERT_EQ(row, expected_row) << "tensor " << i << ", row " << r;
          }
        }
      }
    }
  }
}

TEST(LoadModelTest, NothingIsWrittenOverWithoutRepacking) {
  ThreadPool pool(1);
  const WritableFile source(Tiny(DType::kQ8_0));
  const auto loaded = LoadModel(source, false, std::nullopt, &pool);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(Sha256(source.bytes()), loaded->model->digest());
}

// The file with one byte changed and, if `restamp`, its checksum made right again.
std::string Changed(std::string file, uint64_t offset, char byte,
                    bool restamp) {
  file[offset] = byte;
  if (restamp) {
    StoreLittleEndian(FileChecksum(AsBytes(file), kSlmChecksumOffset),
                      reinterpret_cast<uint8_t*>(&file[kSlmChecksumOffset]));
  }
  return file;
}

TEST(LoadModelTest, RefusesWhatModelLoadRefusesWithTheSameWords) {
  const std::string file = Tiny(DType::kQ8_0);
  const AlignedBytes aligned(file);
  const auto model = *Model::Load(AsBytes(aligned.text()));
  const TensorEntry& entry = model->reader().entries()[0];
  const uint64_t tokenizer = static_cast<uint64_t>(
      model->reader().tokenizer_section().data() -
      AsBytes(aligned.text()).data());
  // The sign of a scale, the same with a wrong checksum, a payload, the magic of
  // the tokenizer, the header.
  const std::pair<std::string, ErrorCode> cases[] = {
      {Changed(file, entry.scale_offset + 3, '\xbf', true),
       ErrorCode::kInvalidTensorDirectory},
      {Changed(file, entry.scale_offset + 3, '\xbf', false),
       ErrorCode::kChecksumMismatch},
      {Changed(file, entry.byte_offset, file[entry.byte_offset] ^ 1, false),
       ErrorCode::kChecksumMismatch},
      {Changed(file, tokenizer, 'X', true), ErrorCode::kInvalidTokenizer},
      {Changed(file, 4, 2, true), ErrorCode::kUnsupportedModelVersion},
      {file.substr(0, 300), ErrorCode::kInvalidHeader},
      {"", ErrorCode::kInvalidModelMagic}};
  for (const auto& [bytes, code] : cases) {
    const AlignedBytes broken(bytes);
    const absl::Status expected =
        Model::Load(AsBytes(broken.text())).status();
    for (const int threads : {1, 2}) {
      ThreadPool pool(threads);
      const BorrowedBytes source(AsBytes(broken.text()));
      const absl::Status status =
          LoadModel(source, true, std::nullopt, &pool).status();
      EXPECT_EQ(status, expected);
      EXPECT_EQ(GetErrorCode(status), code) << status;
      const WritableFile writable(bytes);
      EXPECT_EQ(LoadModel(writable, true, std::nullopt, &pool).status(),
                expected);
    }
  }
}

TEST(LoadModelTest, NothingIsReadBeforeTheDigestIsTheExpectedOne) {
  const AlignedBytes garbage("not a model at all");
  ThreadPool pool(1);
  const BorrowedBytes source(AsBytes(garbage.text()));
  EXPECT_EQ(LoadModel(source, false, Sha256("else"), &pool).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorCode(LoadModel(source, false, Sha256(garbage.text()), &pool)
                             .status()),
            ErrorCode::kInvalidModelMagic);
}

// A file whose hashes somebody took before, perhaps of other bytes.
class Hashed final : public ByteSource {
 public:
  Hashed(ByteSpan bytes, const FileHashes& hashes)
      : bytes_(bytes), hashes_(hashes) {}
  ByteSpan bytes() const override { return bytes_; }
  const FileHashes* hashes() const override { return &hashes_; }

 private:
  ByteSpan bytes_;
  FileHashes hashes_;
};

TEST(LoadModelTest, TakesTheHashesThatTheSourceKnows) {
  const AlignedBytes file(Tiny(DType::kQ8_0));
  ThreadPool pool(1);
  FileHashes hashes = HashFile(AsBytes(file.text()), kSlmChecksumOffset);
  hashes.digest = Sha256("a name of its own");
  const Hashed source(AsBytes(file.text()), hashes);
  const auto loaded = LoadModel(source, true, hashes.digest, &pool);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->model->digest(), hashes.digest);
}

TEST(LoadModelTest, RefusesAKnownDigestOrChecksumThatIsWrong) {
  const AlignedBytes file(Tiny(DType::kQ8_0));
  ThreadPool pool(1);
  FileHashes hashes = HashFile(AsBytes(file.text()), kSlmChecksumOffset);
  EXPECT_EQ(LoadModel(Hashed(AsBytes(file.text()), hashes), true,
                      Sha256("else"), &pool)
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
  hashes.checksum ^= 1;
  EXPECT_EQ(GetErrorCode(LoadModel(Hashed(AsBytes(file.text()), hashes), true,
                                   std::nullopt, &pool)
                             .status()),
            ErrorCode::kChecksumMismatch);
}

}  // namespace
}  // namespace pedigree
