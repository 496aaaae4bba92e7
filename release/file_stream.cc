#include "release/file_stream.h"

#include <algorithm>
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

absl::Status StreamPieces(FileReader& file,
                          absl::FunctionRef<absl::Status(ByteSpan)> take) {
  // No more than the file needs, and not zeroed: most files are small.
  const size_t bytes = static_cast<size_t>(
      std::clamp<uint64_t>(file.size(), 1, kChunkBytes));
  const std::unique_ptr<uint8_t[]> buffer(new uint8_t[bytes]);
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const size_t count, file.Read(absl::MakeSpan(buffer.get(), bytes)));
    if (count == 0) return absl::OkStatus();
    PEDIGREE_RETURN_IF_ERROR(take(ByteSpan(buffer.get(), count)));
  }
}

}  // namespace

OpenFile::OpenFile(OpenFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

OpenFile::~OpenFile() {
  if (fd_ >= 0) close(fd_);
}

int OpenFile::Release() { return std::exchange(fd_, -1); }

FileReader::FileReader(std::string path, OpenFile file, uint64_t size)
    : path_(std::move(path)), file_(std::move(file)), size_(size) {}

absl::StatusOr<FileReader> FileReader::Open(const std::string& path,
                                            Links links) {
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
  return FileReader(path, std::move(file), static_cast<uint64_t>(info.st_size));
}

absl::StatusOr<size_t> FileReader::Read(absl::Span<uint8_t> buffer) {
  while (true) {
    const ssize_t count = read(file_.fd(), buffer.data(), buffer.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return ErrnoError("read", path_);
  }
}

FileWriter::FileWriter(std::string path, OpenFile file)
    : path_(std::move(path)), file_(std::move(file)) {}

absl::StatusOr<FileWriter> FileWriter::Create(const std::string& path,
                                              bool executable) {
  OpenFile file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     executable ? 0755 : 0644));
  if (file.fd() < 0) return ErrnoError("create", path);
  return FileWriter(path, std::move(file));
}

absl::Status FileWriter::Write(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file_.fd(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError("write", path_);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Close() {
  if (close(file_.Release()) == 0) return absl::OkStatus();
  return ErrnoError("write", path_);
}

absl::Status StreamFile(const std::string& path, Links links,
                        absl::FunctionRef<absl::Status(ByteSpan)> take) {
  PEDIGREE_ASSIGN_OR_RETURN(FileReader file, FileReader::Open(path, links));
  return StreamPieces(file, take);
}

absl::StatusOr<FileDigest> DigestFile(const std::string& path, Links links) {
  FileDigest result;
  Sha256Stream stream;
  PEDIGREE_RETURN_IF_ERROR(StreamFile(path, links, [&](ByteSpan bytes) {
    stream.Update(bytes);
    result.size += bytes.size();
    return absl::OkStatus();
  }));
  result.digest = stream.Finish();
  return result;
}

absl::StatusOr<FileDigest> CopyFile(const std::string& from, Links links,
                                    const std::string& to, bool executable) {
  PEDIGREE_ASSIGN_OR_RETURN(FileReader input, FileReader::Open(from, links));
  PEDIGREE_ASSIGN_OR_RETURN(FileWriter output,
                            FileWriter::Create(to, executable));
  FileDigest result;
  Sha256Stream stream;
  PEDIGREE_RETURN_IF_ERROR(StreamPieces(input, [&](ByteSpan bytes) {
    stream.Update(bytes);
    result.size += bytes.size();
    return output.Write(bytes);
  }));
  PEDIGREE_RETURN_IF_ERROR(output.Close());
  result.digest = stream.Finish();
  return result;
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, Links links,
                                          uint64_t max_bytes) {
  std::string contents;
  PEDIGREE_RETURN_IF_ERROR(
      StreamFile(path, links, [&](ByteSpan bytes) -> absl::Status {
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
