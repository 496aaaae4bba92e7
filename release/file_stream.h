// Files read once from front to back, however large: hashed, copied, or both.

#ifndef PEDIGREE_RELEASE_FILE_STREAM_H_
#define PEDIGREE_RELEASE_FILE_STREAM_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Whether a file may be reached through a symbolic link. Build inputs may (a
// build system links them); the parts of a packet may not.
enum class Links { kFollow, kRefuse };

// An open file descriptor, closed on destruction.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  int fd() const { return fd_; }
  // The descriptor, which is the caller's to close.
  int Release();

 private:
  int fd_;
};

// A regular file, read from front to back.
class FileReader {
 public:
  // Errors: kNotFound, kPermissionDenied, or kInvalidArgument when it is not a
  // regular file (a link is one only with Links::kFollow).
  static absl::StatusOr<FileReader> Open(const std::string& path, Links links);

  // Its size when it was opened.
  uint64_t size() const { return size_; }

  // Reads into the front of `buffer` and returns how much; 0 only at the end.
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer);

 private:
  FileReader(std::string path, OpenFile file, uint64_t size);

  std::string path_;
  OpenFile file_;
  uint64_t size_;
};

// A new file, written from front to back.
class FileWriter {
 public:
  // Mode 0644 or 0755 less the umask.
  //
  // Errors: kAlreadyExists and others, naming `path`.
  static absl::StatusOr<FileWriter> Create(const std::string& path,
                                           bool executable = false);

  absl::Status Write(ByteSpan bytes);
  // Closes, telling what destruction would swallow. Nothing may follow.
  absl::Status Close();

 private:
  FileWriter(std::string path, OpenFile file);

  std::string path_;
  OpenFile file_;
};

// Hands the bytes of a regular file to `take`, piece after piece, until the end
// or an error. Errors as FileReader::Open, and those of `take`.
absl::Status StreamFile(const std::string& path, Links links,
                        absl::FunctionRef<absl::Status(ByteSpan)> take);

struct FileDigest {
  Digest digest;
  uint64_t size = 0;
};

// SHA-256 and length of a regular file, in constant memory. Errors as
// FileReader::Open.
absl::StatusOr<FileDigest> DigestFile(const std::string& path, Links links);

// Copies `from` to the new file `to`, mode 0644 or 0755 less the umask, and
// returns the digest of what was copied. Errors as DigestFile, and
// kAlreadyExists; on an error `to` may be left behind, incomplete.
absl::StatusOr<FileDigest> CopyFile(const std::string& from, Links links,
                                    const std::string& to,
                                    bool executable = false);

// The whole file when it has at most `max_bytes`. Errors as DigestFile, and
// kResourceExhausted.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, Links links,
                                          uint64_t max_bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_FILE_STREAM_H_
