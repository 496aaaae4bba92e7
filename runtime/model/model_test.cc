#include "runtime/model/model.h"

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

TEST(ModelTest, LoadsWhatTheBuilderWrote) {
  for (DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    TinyModelOptions options;
    options.dtype = dtype;
    const AlignedBytes file(TinyModel(options));
    const absl::StatusOr<std::unique_ptr<const Model>> model =
        Model::Load(AsBytes(file.text()));
    ASSERT_TRUE(model.ok()) << model.status();
    EXPECT_EQ((*model)->digest(), Sha256(file.text()));
    EXPECT_EQ((*model)->tokenizer().kind(), "btok");
    EXPECT_EQ((*model)->weights().embeddings().dtype, dtype);
    EXPECT_EQ((*model)->weights().norm().dtype, DType::kF32);
  }
}

TEST(ModelTest, BorrowsTheFile) {
  const AlignedBytes file(TinyModel({}));
  const absl::StatusOr<std::unique_ptr<const Model>> model =
      Model::Load(AsBytes(file.text()));
  ASSERT_TRUE(model.ok());
  const auto* begin = reinterpret_cast<const uint8_t*>(file.text().data());
  for (const TensorView& tensor : (*model)->weights().tensors()) {
    EXPECT_GE(tensor.payload, begin);
    EXPECT_LE(tensor.payload + tensor.StoredBytes(),
              begin + file.text().size());
  }
}

TEST(ModelTest, RefusesADamagedFile) {
  std::string bytes = TinyModel({});
  bytes[bytes.size() - 100] ^= 1;
  const AlignedBytes file(bytes);
  EXPECT_EQ(GetErrorCode(Model::Load(AsBytes(file.text())).status()),
            ErrorCode::kChecksumMismatch);
}

}  // namespace
}  // namespace pedigree
