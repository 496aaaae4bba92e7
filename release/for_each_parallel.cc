#include "release/for_each_parallel.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pedigree {

absl::Status ForEachParallel(size_t count, size_t workers,
                             const std::function<absl::Status(size_t)>& work) {
  std::mutex mutex;
  size_t next = 0;
  size_t failed = count;
  absl::Status failure;
  const auto run = [&] {
    while (true) {
      size_t index = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (next == count || failed < count) return;
        index = next++;
      }
      absl::Status status = work(index);
      const std::lock_guard<std::mutex> lock(mutex);
      if (!status.ok() && index < failed) {
        failed = index;
        failure = std::move(status);
      }
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(workers, count); ++i) {
    threads.emplace_back(run);
  }
  run();
  for (std::thread& thread : threads) thread.join();
  return failure;
}

}  // namespace pedigree
