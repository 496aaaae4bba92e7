#include "runtime/tensor/aligned_buffer.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"

namespace pedigree {
namespace {

TEST(AlignedBufferTest, StartsOnAMultipleOf64) {
  for (uint64_t size : {1, 63, 64, 65, 1000}) {
    const absl::StatusOr<AlignedBuffer> buffer =
        AlignedBuffer::Allocate(size, "a test");
    ASSERT_TRUE(buffer.ok());
    EXPECT_EQ(buffer->size(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 64, 0u);
  }
}

TEST(AlignedBufferTest, NothingTakesNoMemory) {
  const absl::StatusOr<AlignedBuffer> buffer =
      AlignedBuffer::Allocate(0, "a test");
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(buffer->data(), nullptr);
}

TEST(AlignedBufferTest, MovesItsMemory) {
  absl::StatusOr<AlignedBuffer> first = AlignedBuffer::Allocate(8, "a test");
  ASSERT_TRUE(first.ok());
  uint8_t* const bytes = first->data();
  AlignedBuffer second = *std::move(first);
  EXPECT_EQ(second.data(), bytes);
  AlignedBuffer third;
  third = std::move(second);
  EXPECT_EQ(third.data(), bytes);
}

TEST(AlignedBufferTest, RefusesWhatNoMachineHas) {
  for (uint64_t size : {UINT64_MAX, UINT64_MAX / 4}) {
    const absl::Status status =
        AlignedBuffer::Allocate(size, "a test").status();
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
    EXPECT_NE(status.message().find("a test takes"), std::string::npos);
  }
}

}  // namespace
}  // namespace pedigree
