#include "runtime/format/file_layout.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"

namespace pedigree {
namespace {

constexpr ErrorCode kCode = ErrorCode::kInvalidTensorDirectory;

TEST(FileLayoutTest, AcceptsAdjacentAndPaddedRanges) {
  const std::string file(128, '\0');
  FileLayout layout(AsBytes(file), "thing");
  EXPECT_TRUE(layout.Next(kCode, "head", 0, 10, 1).ok());
  EXPECT_TRUE(layout.Next(kCode, "body", 10, 20, 1).ok());
  EXPECT_TRUE(layout.Next(kCode, "tail", 64, 1, 64).ok());
  EXPECT_TRUE(layout.Finish(kCode, 64).ok());
}

TEST(FileLayoutTest, RefusesRangesOutOfPlace) {
  const std::string file(256, '\0');
  const auto second = [&](uint64_t offset, uint64_t length) {
    FileLayout layout(AsBytes(file), "thing");
    EXPECT_TRUE(layout.Next(kCode, "head", 0, 70, 1).ok());
    const absl::Status status =
        layout.Next(kCode, "body", offset, length, 64);
    EXPECT_EQ(GetErrorCode(status), kCode);
    return std::string(status.message());
  };
  EXPECT_EQ(second(64, 1),
            "Invalid thing: body at 64 overlaps head, which ends at 70");
  EXPECT_EQ(second(130, 1), "Invalid thing: body at 130 is not a multiple of "
                            "64");
  EXPECT_EQ(second(192, 1), "Invalid thing: body at 192 leaves a gap behind "
                            "head, which ends at 70 (expected offset 128)");
  EXPECT_EQ(second(128, 129),
            "Invalid thing: body at 128 (129 bytes) runs past file size 256");
  EXPECT_EQ(second(128, ~uint64_t{0}),
            "Invalid thing: body at 128 (18446744073709551615 bytes) runs past "
            "file size 256");
}

TEST(FileLayoutTest, RefusesPaddingThatIsNotZero) {
  std::string file(128, '\0');
  file[100] = 7;
  FileLayout layout(AsBytes(file), "thing");
  ASSERT_TRUE(layout.Next(kCode, "head", 0, 70, 1).ok());
  EXPECT_EQ(layout.Finish(kCode, 64).message(),
            "Invalid thing: padding behind head is 7 (expected 0), at byte "
            "100");
  EXPECT_EQ(layout.Next(kCode, "body", 128, 0, 64).message(),
            "Invalid thing: padding behind head is 7 (expected 0), at byte "
            "100");
}

TEST(FileLayoutTest, RefusesAFileThatEndsElsewhere) {
  for (const size_t size : {71, 127, 129, 192}) {
    const std::string file(size, '\0');
    FileLayout layout(AsBytes(file), "thing");
    ASSERT_TRUE(layout.Next(kCode, "head", 0, 70, 1).ok());
    EXPECT_FALSE(layout.Finish(kCode, 64).ok()) << size;
  }
}

}  // namespace
}  // namespace pedigree
