// One zstd frame, written to a file that appears whole or not at all.

#ifndef PEDIGREE_RELEASE_ARCHIVE_FRAME_WRITER_H_
#define PEDIGREE_RELEASE_ARCHIVE_FRAME_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"

namespace pedigree {

inline constexpr int kMinCompressionLevel = 1;
inline constexpr int kMaxCompressionLevel = 22;
inline constexpr int kMinLongWindowLog = 10;
// The largest window that every reader accepts, 128 MiB; also zstd's own limit.
inline constexpr int kMaxWindowLog = 27;

// What changes the bytes of a frame, besides its contents.
struct CompressionOptions {
  // kMinCompressionLevel..kMaxCompressionLevel. Default: zstd's.
  int level = 3;
  // log2 of the window that long-distance matching looks back in,
  // kMinLongWindowLog..kMaxWindowLog; 0 for none, the default.
  int long_window_log = 0;
};

// Compresses on threads of its own while the caller goes on. How many there are
// never changes the bytes: even one works beside the caller, since zstd cuts its
// input into other pieces when it has none.
class FrameWriter {
 public:
  // `content_bytes` is what will be written in all, and is noted in the frame;
  // `threads`, 1..256, compress. `path` is replaced by Finish.
  //
  // Errors: kInvalidArgument for an option out of its range; those of creating a
  // file beside `path`.
  static absl::StatusOr<FrameWriter> Create(const std::string& path,
                                            const CompressionOptions& options,
                                            uint64_t content_bytes,
                                            int threads);

  FrameWriter(FrameWriter&&) noexcept;
  ~FrameWriter();

  absl::Status Write(ByteSpan bytes);

  // Ends the frame and puts the file into its place; returns its size. Without
  // it nothing is left behind.
  absl::StatusOr<uint64_t> Finish();

 private:
  struct Context;
  FrameWriter(StagedFile file, std::unique_ptr<Context> context);
  absl::Status Compress(ByteSpan bytes, bool last);

  StagedFile file_;
  std::unique_ptr<Context> context_;
  std::string buffer_;
  uint64_t written_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_FRAME_WRITER_H_
