#include "runtime/exports/model_upload.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file_hashes.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

TEST(ModelUploadTest, JoinsThePieces) {
  absl::StatusOr<ModelUpload> upload = ModelUpload::Begin(7);
  ASSERT_TRUE(upload.ok());
  EXPECT_TRUE(upload->Append(AsBytes("abc")).ok());
  EXPECT_TRUE(upload->Append({}).ok());
  EXPECT_TRUE(upload->Append(AsBytes("defg")).ok());
  EXPECT_EQ(upload->digest(), Sha256("abcdefg"));
  const auto file = upload->Finish();
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(AsText((*file)->bytes()), "abcdefg");
}

TEST(ModelUploadTest, HashesOnTheWay) {
  const std::string whole(300, 'x');
  absl::StatusOr<ModelUpload> upload = ModelUpload::Begin(whole.size());
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ(upload->digest(), Sha256(""));
  ASSERT_TRUE(upload->Append(AsBytes(whole).first(150)).ok());
  EXPECT_EQ(upload->digest(), Sha256(whole.substr(0, 150)));
  ASSERT_TRUE(upload->Append(AsBytes(whole).subspan(150)).ok());
  const auto file = upload->Finish();
  ASSERT_TRUE(file.ok());
  ASSERT_NE((*file)->hashes(), nullptr);
  EXPECT_EQ((*file)->hashes()->digest, Sha256(whole));
  EXPECT_EQ((*file)->hashes()->checksum,
            FileChecksum(AsBytes(whole), kSlmChecksumOffset));
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
  EXPECT_EQ(upload->digest(), Sha256("abc"));
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
