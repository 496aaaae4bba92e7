#include "release/for_each_parallel.h"

#include <atomic>
#include <mutex>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(ForEachParallelTest, DoesEverythingOnce) {
  std::mutex mutex;
  std::multiset<size_t> done;
  EXPECT_TRUE(ForEachParallel(100, 4, [&](size_t i) {
                const std::lock_guard<std::mutex> lock(mutex);
                done.insert(i);
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(done.size(), 100u);
  EXPECT_EQ(std::set<size_t>(done.begin(), done.end()).size(), 100u);
}

TEST(ForEachParallelTest, NothingToDoIsDone) {
  EXPECT_TRUE(ForEachParallel(0, 4, [](size_t) {
                return absl::InternalError("called");
              }).ok());
}

TEST(ForEachParallelTest, WorksAtTheSameTime) {
  // Would wait for ever if one came after the other.
  auto* barrier = new absl::Barrier(3);
  EXPECT_TRUE(ForEachParallel(3, 3, [&](size_t) {
                if (barrier->Block()) delete barrier;
                return absl::OkStatus();
              }).ok());
}

TEST(ForEachParallelTest, StopsAfterAFailure) {
  std::atomic<int> calls = 0;
  const absl::Status status =
      ForEachParallel(1000, 1, [&](size_t i) -> absl::Status {
        ++calls;
        if (i < 3) return absl::OkStatus();
        return absl::InternalError(absl::StrCat("failed at ", i));
      });
  EXPECT_EQ(status.message(), "failed at 3");
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace pedigree
