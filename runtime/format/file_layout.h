// The layout rules that `.slm` files and adapters share: ranges follow one
// another, aligned, with nothing but zero padding between and behind them.

#ifndef PEDIGREE_RUNTIME_FORMAT_FILE_LAYOUT_H_
#define PEDIGREE_RUNTIME_FORMAT_FILE_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"

namespace pedigree {

// Walks the ranges of one file in order. Borrows `file_bytes`.
class FileLayout {
 public:
  // `thing` begins the messages, for example ".slm file".
  FileLayout(ByteSpan file_bytes, std::string_view thing)
      : file_bytes_(file_bytes), thing_(thing) {}

  // Checks that the range `what` lies inside the file and starts at the first
  // multiple of `alignment` (a power of two) behind the previous range, with
  // zero bytes between the two.
  //
  // Errors: `code`, naming `what`, the place and both values.
  absl::Status Next(ErrorCode code, std::string_view what, uint64_t offset,
                    uint64_t length, uint64_t alignment);

  // Checks that the file ends at the first multiple of `alignment` behind the
  // last range, with zero bytes between the two.
  absl::Status Finish(ErrorCode code, uint64_t alignment) const;

 private:
  absl::Status CheckPadding(ErrorCode code, uint64_t begin,
                            uint64_t end) const;

  ByteSpan file_bytes_;
  std::string thing_;
  std::string previous_ = "the start";
  uint64_t end_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_FORMAT_FILE_LAYOUT_H_
