#include "runtime/base/file.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status ErrnoError(std::string_view action, std::string_view path) {
  const int error = errno;
  return absl::ErrnoToStatus(error,
                             absl::StrCat("Cannot ", action, " ", path));
}

// Opens a regular file and tells its size.
absl::StatusOr<int> OpenRegular(const std::string& path, uint64_t* size) {
  // Without O_NONBLOCK, opening a pipe would wait for its other end.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoError("open", path);
  struct stat info;
  if (fstat(fd, &info) != 0) {
    const absl::Status status = ErrnoError("read", path);
    close(fd);
    return status;
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot read ", path, ": not a regular file"));
  }
  *size = static_cast<uint64_t>(info.st_size);
  return fd;
}

absl::Status WriteAll(int fd, std::string_view contents,
                      const std::string& path) {
  while (!contents.empty()) {
    const ssize_t written = write(fd, contents.data(), contents.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("write", path);
    }
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// The process's umask, which can only be read by setting it.
mode_t CurrentUmask() {
  static const mode_t mask = [] {
    const mode_t current = umask(0);
    umask(current);
    return current;
  }();
  return mask;
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  uint64_t size = 0;
  PEDIGREE_ASSIGN_OR_RETURN(const int fd, OpenRegular(path, &size));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (size == 0) return MappedFile(ByteSpan());
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return ErrnoError("map", path);
  return MappedFile(ByteSpan(static_cast<const uint8_t*>(data), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, ByteSpan())) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
  }
}

void MappedFile::Release(ByteSpan range) const {
  static const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t start = reinterpret_cast<uintptr_t>(range.data());
  const uintptr_t begin = (start + page - 1) / page * page;
  const uintptr_t end = (start + range.size()) / page * page;
  if (begin < end) {
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     uint64_t max_bytes) {
  uint64_t size = 0;
  PEDIGREE_ASSIGN_OR_RETURN(const int fd, OpenRegular(path, &size));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (size > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("Cannot read ", path, ": ", size,
                     " bytes long (at most ", max_bytes, ")"));
  }
  std::string contents(size, '\0');
  size_t filled = 0;
  while (filled < contents.size()) {
    const ssize_t count =
        read(fd, contents.data() + filled, contents.size() - filled);
    if (count < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("read", path);
    }
    if (count == 0) {
      return absl::DataLossError(
          absl::StrCat("Cannot read ", path, ": ends at ", filled,
                       " bytes (expected ", size, ")"));
    }
    filled += static_cast<size_t>(count);
  }
  return contents;
}

absl::Status WriteFileAtomically(const std::string& path,
                                 std::string_view contents) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return ErrnoError("create a file beside", path);
  absl::Status status = WriteAll(fd, contents, path);
  if (status.ok() && fchmod(fd, 0644 & ~CurrentUmask()) != 0) {
    status = ErrnoError("set the mode of", path);
  }
  if (status.ok() && fsync(fd) != 0) status = ErrnoError("write", path);
  if (close(fd) != 0 && status.ok()) status = ErrnoError("write", path);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoError("replace", path);
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

absl::Status AnnotateWithPath(const absl::Status& status,
                              std::string_view path) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         absl::StrCat(path, ": ", status.message()));
  status.ForEachPayload([&](std::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace pedigree
