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
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<uintptr_t>(range.data());
  const uintptr_t begin = (first + page - 1) / page * page;
  uintptr_t end = (first + range.size()) / page * page;
  // The last page of the file holds nothing else.
  if (range.data() + range.size() == bytes_.data() + bytes_.size()) {
    end = first + range.size();
  }
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

absl::StatusOr<StagedFile> StagedFile::Create(const std::string& path) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoError("create a file beside", path);
  return StagedFile(path, std::move(temporary), fd);
}

StagedFile::StagedFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

StagedFile& StagedFile::operator=(StagedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(fd_, other.fd_);
  return *this;
}

StagedFile::~StagedFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

absl::Status StagedFile::Append(std::string_view contents) {
  return WriteAll(fd_, contents, path_);
}

absl::Status StagedFile::Overwrite(uint64_t offset,
                                   std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = pwrite(fd_, contents.data(), contents.size(),
                                   static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("write", path_);
    }
    contents.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::Status StagedFile::Commit() {
  if (fchmod(fd_, 0644 & ~CurrentUmask()) != 0) {
    return ErrnoError("set the mode of", path_);
  }
  if (fsync(fd_) != 0) return ErrnoError("write", path_);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return ErrnoError("replace", path_);
  }
  // All of it is on the disk: what close says is of no interest any more.
  close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::string& path,
                                 std::string_view contents) {
  PEDIGREE_ASSIGN_OR_RETURN(StagedFile file, StagedFile::Create(path));
  PEDIGREE_RETURN_IF_ERROR(file.Append(contents));
  return file.Commit();
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
