#include "runtime/threads/thread_pool.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pedigree {
namespace {

TEST(SplitRangeTest, CoversEverythingOnceAtMultiplesOfTheGrain) {
  for (size_t count : {0, 1, 15, 16, 17, 100, 1000}) {
    for (size_t grain : {1, 4, 16}) {
      for (int parts : {1, 2, 3, 7, 64}) {
        size_t next = 0;
        for (int i = 0; i < parts; ++i) {
          const Range range = SplitRange(count, grain, i, parts);
          EXPECT_EQ(range.begin, next);
          EXPECT_LE(range.begin, range.end);
          EXPECT_TRUE(range.end == count || range.end % grain == 0);
          next = range.end;
        }
        EXPECT_EQ(next, count);
      }
    }
  }
}

TEST(ThreadPoolTest, RunsEachThreadOnce) {
  for (int size : {1, 2, 3, 7}) {
    ThreadPool pool(size);
    ASSERT_EQ(pool.size(), size);
    for (int threads = 1; threads <= size; ++threads) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(size));
      pool.Run(threads, [&](int thread) {
        calls[static_cast<size_t>(thread)].fetch_add(1);
      });
      for (int i = 0; i < size; ++i) {
        EXPECT_EQ(calls[static_cast<size_t>(i)], i < threads ? 1 : 0);
      }
    }
  }
}

TEST(ThreadPoolTest, BarrierShowsWhatAllWroteBefore) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 300;
  ThreadPool pool(kThreads);
  // Plain ints: a barrier that leaks a write is a data race.
  std::vector<int> values(kThreads, 0);
  std::vector<int> sums(kThreads, 0);
  pool.Run(kThreads, [&](int thread) {
    const size_t self = static_cast<size_t>(thread);
    for (int round = 1; round <= kRounds; ++round) {
      values[self] = round * (thread + 1);
      pool.Barrier();
      sums[self] = 0;
      for (int value : values) sums[self] += value;
      pool.Barrier();
    }
  });
  for (int sum : sums) EXPECT_EQ(sum, kRounds * (1 + 2 + 3 + 4));
}

TEST(ThreadPoolTest, WakesThreadsThatFellAsleep) {
  ThreadPool pool(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    std::atomic<int> calls{0};
    pool.Run(3, [&](int) { calls.fetch_add(1); });
    EXPECT_EQ(calls, 3);
  }
}

TEST(ThreadPoolTest, ThreadsLeftOutOfRunsTakePartInLaterOnes) {
  ThreadPool pool(3);
  std::atomic<int> calls{0};
  for (int round = 0; round < 1000; ++round) {
    pool.Run(1 + round % 3, [&](int) { calls.fetch_add(1); });
  }
  EXPECT_EQ(calls, 1 * 334 + 2 * 333 + 3 * 333);
}

TEST(ThreadPoolTest, AtLeastOneThreadIsAvailable) {
  EXPECT_GE(AvailableThreads(), 1);
  EXPECT_LE(AvailableThreads(), kMaxThreads);
}

}  // namespace
}  // namespace pedigree
