#include "release/file_stream.h"

#include <cerrno>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Large enough that system calls cost nothing beside hashing.
constexpr size_t kChunkBytes = size_t{1} << 20;

absl::Status ErrnoError(std::string_view action, std::string_view path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat("Cannot ", action, " ", path));
}

// An open file descriptor, closed on destruction.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }

  // Closes, telling what destruction would swallow.
  absl::Status Close(std::string_view path) {
    if (close(std::exchange(fd_, -1)) == 0) return absl::OkStatus();
    return ErrnoError("write", path);
  }

 private:
  int fd_;
};

absl::StatusOr<OpenFile> OpenToRead(const std::string& path, Links links) {
  // O_NONBLOCK: opening a pipe must not wait for its other end.
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  if (links == Links::kRefuse) flags |= O_NOFOLLOW;
  OpenFile file(open(path.c_str(), flags));
  if (file.fd() < 0 && errno == ELOOP) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot read ", path, ": a symbolic link"));
  }
  if (file.fd() < 0) return ErrnoError("open", path);
  struct stat info;
  if (fstat(file.fd(), &info) != 0) return ErrnoError("read", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot read ", path, ": not a regular file"));
  }
  return file;
}

// Calls consume(bytes) for piece after piece until the end or an error.
template <typename Consume>
absl::Status ReadPieces(const OpenFile& file, const std::string& path,
                        Consume consume) {
  const auto buffer = std::make_unique<uint8_t[]>(kChunkBytes);
  while (true) {
    const ssize_t count = read(file.fd(), buffer.get(), kChunkBytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError("read", path);
    if (count == 0) return absl::OkStatus();
    PEDIGREE_RETURN_IF_ERROR(
        consume(ByteSpan(buffer.get(), static_cast<size_t>(count))));
  }
}

absl::Status WriteAll(const OpenFile& file, const std::string& path,
                      ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file.fd(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError("write", path);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FileDigest> DigestFile(const std::string& path, Links links) {
  PEDIGREE_ASSIGN_OR_RETURN(const OpenFile file, OpenToRead(path, links));
  FileDigest result;
  Sha256Stream stream;
  PEDIGREE_RETURN_IF_ERROR(ReadPieces(file, path, [&](ByteSpan bytes) {
    stream.Update(bytes);
    result.size += bytes.size();
    return absl::OkStatus();
  }));
  result.digest = stream.Finish();
  return result;
}

absl::Status ReadFilePieces(
    const std::string& path, Links links,
    absl::FunctionRef<absl::Status(ByteSpan)> consume) {
  PEDIGREE_ASSIGN_OR_RETURN(const OpenFile file, OpenToRead(path, links));
  return ReadPieces(file, path, consume);
}

absl::StatusOr<FileDigest> CopyFile(const std::string& from, Links links,
                                    const std::string& to, bool executable) {
  PEDIGREE_ASSIGN_OR_RETURN(const OpenFile input, OpenToRead(from, links));
  OpenFile output(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                       executable ? 0755 : 0644));
  if (output.fd() < 0) return ErrnoError("create", to);
  FileDigest result;
  Sha256Stream stream;
  PEDIGREE_RETURN_IF_ERROR(ReadPieces(input, from, [&](ByteSpan bytes) {
    stream.Update(bytes);
    result.size += bytes.size();
    return WriteAll(output, to, bytes);
  }));
  PEDIGREE_RETURN_IF_ERROR(output.Close(to));
  result.digest = stream.Finish();
  return result;
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, Links links,
                                          uint64_t max_bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(const OpenFile file, OpenToRead(path, links));
  std::string contents;
  PEDIGREE_RETURN_IF_ERROR(
      ReadPieces(file, path, [&](ByteSpan bytes) -> absl::Status {
        if (bytes.size() > max_bytes - contents.size()) {
          return absl::ResourceExhaustedError(absl::StrCat(
              "Cannot read ", path, ": longer than ", max_bytes, " bytes"));
        }
        contents.append(AsText(bytes));
        return absl::OkStatus();
      }));
  return contents;
}

}  // namespace pedigree
