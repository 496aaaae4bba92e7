#include "release/distribution/transfer.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace pedigree {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(200);

unsigned long long Megabytes(uint64_t bytes) { return bytes / 1000000; }

}  // namespace

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

class TransferLine::Watcher {
 public:
  Watcher(std::string what, const std::atomic<uint64_t>& done, uint64_t total)
      : what_(std::move(what)),
        done_(done),
        total_(total),
        thread_([this] { Watch(); }) {}
  ~Watcher() {
    stop_.Notify();
    thread_.join();
  }

 private:
  void Watch() {
    while (!stop_.WaitForNotificationWithTimeout(kInterval)) Print("");
    Print("\n");
  }

  void Print(const char* end) const {
    std::fprintf(stderr, "\r%s: %llu of %llu MB\033[K%s", what_.c_str(),
                 Megabytes(done_), Megabytes(total_), end);
    std::fflush(stderr);
  }

  const std::string what_;
  const std::atomic<uint64_t>& done_;
  const uint64_t total_;
  absl::Notification stop_;
  std::thread thread_;
};

TransferLine::TransferLine(std::string what, const std::atomic<uint64_t>& done,
                           uint64_t total) {
  if (isatty(STDERR_FILENO) == 0) return;
  watcher_ = std::make_unique<Watcher>(std::move(what), done, total);
}

TransferLine::~TransferLine() = default;

}  // namespace pedigree
