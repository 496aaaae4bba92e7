#include "release/distribution/transfer.h"

#include <cstdio>
#include <thread>
#include <utility>

#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace pedigree {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(200);

unsigned long long Megabytes(uint64_t bytes) { return bytes / 1000000; }

}  // namespace

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
