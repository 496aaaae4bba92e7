// Many blobs at a time, and a line for those who watch.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_TRANSFER_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_TRANSFER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

namespace pedigree {

// Calls work(i) for every i below `count`, at most `workers` at a time, in
// ascending order of their starts. After a failure nothing new is started; the
// failure of the smallest i is returned.
absl::Status ForEachParallel(size_t count, size_t workers,
                             const std::function<absl::Status(size_t)>& work);

// Shows on stderr, where that is a terminal, how far `done` bytes are of `total`,
// a few times a second for as long as the object lives. Borrows `done`.
class TransferLine {
 public:
  TransferLine(std::string what, const std::atomic<uint64_t>& done,
               uint64_t total);
  ~TransferLine();

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_TRANSFER_H_
