#include "runtime/exports/host_memory.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(HostMemoryTest, HandsOutAlignedBlocks) {
  HostMemory memory;
  uint8_t* const first = memory.Allocate(10);
  uint8_t* const second = memory.Allocate(100);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(second) % 64, 0u);
  EXPECT_EQ(memory.block_count(), 2u);
}

TEST(HostMemoryTest, RefusesNothingAndTooMuch) {
  HostMemory memory;
  EXPECT_EQ(memory.Allocate(0), nullptr);
  EXPECT_EQ(memory.Allocate(kMaxHostBlockBytes + 1), nullptr);
  EXPECT_EQ(memory.block_count(), 0u);
}

TEST(HostMemoryTest, FreesEachBlockOnceAndOnlyAsItWasMade) {
  HostMemory memory;
  uint8_t* const block = memory.Allocate(10);
  EXPECT_FALSE(memory.Free(block, 11));
  EXPECT_FALSE(memory.Free(block + 1, 10));
  EXPECT_FALSE(memory.Free(nullptr, 0));
  EXPECT_EQ(memory.block_count(), 1u);
  EXPECT_TRUE(memory.Free(block, 10));
  EXPECT_FALSE(memory.Free(block, 10));
  EXPECT_EQ(memory.block_count(), 0u);
}

}  // namespace
}  // namespace pedigree
