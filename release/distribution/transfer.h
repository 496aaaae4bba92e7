// A line for those who watch a transfer.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_TRANSFER_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_TRANSFER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace pedigree {

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
