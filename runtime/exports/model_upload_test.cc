#include "runtime/exports/model_upload.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {
namespace {

TEST(ModelUploadTest, JoinsThePieces) {
  absl::StatusOr<ModelUpload> upload = ModelUpload::Begin(7);
  ASSERT_TRUE(upload.ok());
  EXPECT_TRUE(upload->Append(AsBytes("abc")).ok());
  EXPECT_TRUE(upload->Append({}).ok());
  EXPECT_TRUE(upload->Append(AsBytes("defg")).ok());
  const absl::StatusOr<AlignedBuffer> file = upload->Finish();
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(AsText({file->data(), file->size()}), "abcdefg");
}

TEST(ModelUploadTest, RefusesAnEmptyModel) {
  EXPECT_EQ(GetErrorCode(ModelUpload::Begin(0).status()),
            ErrorCode::kInvalidLength);
}

TEST(ModelUploadTest, RefusesMoreThanThereIs) {
  EXPECT_EQ(GetErrorCode(ModelUpload::Begin(UINT64_MAX / 2).status()),
            ErrorCode::kResourceLimit);
}

TEST(ModelUploadTest, RefusesAPiecePastTheEndAndKeepsNothingOfIt) {
  absl::StatusOr<ModelUpload> upload = ModelUpload::Begin(4);
  ASSERT_TRUE(upload.ok());
  ASSERT_TRUE(upload->Append(AsBytes("abc")).ok());
  const absl::Status status = upload->Append(AsBytes("de"));
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
  EXPECT_EQ(status.message(),
            "Invalid model upload: 2 bytes at 3 pass the announced length 4");
  ASSERT_TRUE(upload->Append(AsBytes("d")).ok());
  EXPECT_TRUE(upload->Finish().ok());
}

TEST(ModelUploadTest, DoesNotFinishEarly) {
  absl::StatusOr<ModelUpload> upload = ModelUpload::Begin(4);
  ASSERT_TRUE(upload.ok());
  ASSERT_TRUE(upload->Append(AsBytes("abc")).ok());
  const absl::Status status = upload->Finish().status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
  EXPECT_EQ(status.message(),
            "Invalid model upload: has 3 bytes (announced 4)");
}

}  // namespace
}  // namespace pedigree
