// The contents of one zstd frame, read from front to back in bounded memory.

#ifndef PEDIGREE_RELEASE_ARCHIVE_FRAME_READER_H_
#define PEDIGREE_RELEASE_ARCHIVE_FRAME_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace pedigree {

// What a frame from outside may ask for.
struct FrameLimits {
  // log2 of the window, the memory that decoding takes. Default: 128 MiB.
  int window_log = 27;
  // How long the contents may be. Default: no limit.
  uint64_t max_bytes = UINT64_MAX;
};

// How many bytes each byte of a packed packet may give, unless a user allows
// more. Floats and quantised weights stay below 10.
inline constexpr uint64_t kMaxRatio = 1024;

// How long the contents of a file of `packed_bytes` bytes may be: `ratio` times
// as long, and 64 MiB in any case.
uint64_t MaxContentBytes(uint64_t packed_bytes, uint64_t ratio);

// Fills the buffer from its front and says how far; 0 only at the end.
using ReadBytes =
    std::function<absl::StatusOr<size_t>(absl::Span<uint8_t> buffer)>;

class FrameReader {
 public:
  FrameReader(ReadBytes input, const FrameLimits& limits);
  FrameReader(FrameReader&&) noexcept;
  ~FrameReader();

  // Fills the buffer as far as there are contents.
  //
  // Errors: those of the input; kDataLoss for a frame that is damaged or ends
  // early, kResourceExhausted for one past a limit, kInvalidArgument for what is
  // no zstd frame.
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer);

  // Checks that contents and input end here.
  //
  // Errors: as Read, and kInvalidArgument when anything follows.
  absl::Status Finish();

 private:
  struct Context;
  absl::Status Refill();
  absl::Status Explain(size_t error) const;

  ReadBytes input_;
  FrameLimits limits_;
  std::unique_ptr<Context> context_;
  std::string buffer_;
  size_t position_ = 0;
  size_t filled_ = 0;
  uint64_t taken_ = 0;
  uint64_t given_ = 0;
  bool frame_ended_ = false;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_FRAME_READER_H_
