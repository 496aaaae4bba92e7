#include "runtime/threads/background.h"

#include <atomic>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(BackgroundTest, WorkIsDoneOnceAfterWaiting) {
  int done = 0;
  Background background([&done] { ++done; });
  background.Wait();
  EXPECT_EQ(done, 1);
  background.Wait();
  EXPECT_EQ(done, 1);
}

TEST(BackgroundTest, DestructionWaits) {
  int done = 0;
  { const Background background([&done] { ++done; }); }
  EXPECT_EQ(done, 1);
}

TEST(BackgroundTest, RunsBesideTheCaller) {
  std::atomic<bool> go{false};
  Background background([&go] {
    while (!go) {
    }
  });
  go = true;
  background.Wait();
}

}  // namespace
}  // namespace pedigree
