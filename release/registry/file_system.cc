#include "release/registry/file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

absl::Status ErrnoError(std::string_view action, std::string_view path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat("Cannot ", action, " ", path));
}

absl::Status Check(int result, std::string_view action, std::string_view path) {
  return result == 0 ? absl::OkStatus() : ErrnoError(action, path);
}

class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<int> Create(const std::string& path, bool read_only) override {
    return Open(path, O_WRONLY | O_CREAT | O_EXCL, read_only ? 0444 : 0644);
  }

  absl::StatusOr<int> OpenToAppend(const std::string& path) override {
    return Open(path, O_WRONLY | O_APPEND, 0);
  }

  absl::StatusOr<size_t> Write(int file, std::string_view bytes) override {
    ssize_t count = 0;
    do {
      count = write(file, bytes.data(), bytes.size());
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return ErrnoError("write", "a file of the registry");
    return static_cast<size_t>(count);
  }

  absl::Status Truncate(int file, uint64_t size) override {
    return Check(ftruncate(file, static_cast<off_t>(size)), "truncate",
                 "a file of the registry");
  }

  absl::Status Sync(int file) override {
    return Check(fsync(file), "write", "a file of the registry");
  }

  absl::Status Close(int file) override {
    return Check(close(file), "write", "a file of the registry");
  }

  absl::Status MakeDirectory(const std::string& path) override {
    return Check(mkdir(path.c_str(), 0755), "create", path);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    return SyncFolder(path, fsync);
  }

  absl::Status SyncDisk(const std::string& path) override {
    return SyncFolder(path, syncfs);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Check(std::rename(from.c_str(), to.c_str()), "replace", to);
  }

  absl::Status Link(const std::string& from, const std::string& to) override {
    return Check(link(from.c_str(), to.c_str()), "link", to);
  }

  absl::Status Unlink(const std::string& path) override {
    return Check(unlink(path.c_str()), "remove", path);
  }

  absl::Status RemoveDirectory(const std::string& path) override {
    return Check(rmdir(path.c_str()), "remove", path);
  }

 private:
  static absl::StatusOr<int> Open(const std::string& path, int flags,
                                  mode_t mode) {
    const int file = open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) return ErrnoError("open", path);
    return file;
  }

  static absl::Status SyncFolder(const std::string& path, int (*sync)(int)) {
    PEDIGREE_ASSIGN_OR_RETURN(const int folder,
                              Open(path, O_RDONLY | O_DIRECTORY, 0));
    const absl::Status status = Check(sync(folder), "write", path);
    close(folder);
    return status;
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static PosixFileSystem& files = *new PosixFileSystem();
  return files;
}

absl::Status WriteAll(FileSystem& files, int file, std::string_view bytes) {
  while (!bytes.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(const size_t count, files.Write(file, bytes));
    bytes.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status WriteUnsynced(FileSystem& files, const std::string& path,
                           std::string_view contents) {
  PEDIGREE_ASSIGN_OR_RETURN(const int file,
                            files.Create(path, /*read_only=*/false));
  absl::Status status = WriteAll(files, file, contents);
  status.Update(files.Close(file));
  return status;
}

absl::Status WriteWhole(FileSystem& files, const std::string& temporary,
                        const std::string& path, std::string_view contents,
                        bool read_only) {
  PEDIGREE_ASSIGN_OR_RETURN(const int file, files.Create(temporary, read_only));
  absl::Status status = WriteAll(files, file, contents);
  status.Update(files.Sync(file));
  status.Update(files.Close(file));
  if (status.ok()) status = files.Rename(temporary, path);
  if (!status.ok()) files.Unlink(temporary).IgnoreError();
  return status;
}

absl::Status WriteAlone(FileSystem& files, const std::string& path,
                        std::string_view contents) {
  const std::string temporary = absl::StrCat(path, ".partial");
  std::error_code error;
  if (fs::exists(fs::symlink_status(temporary, error))) {
    PEDIGREE_RETURN_IF_ERROR(files.Unlink(temporary));
  }
  PEDIGREE_RETURN_IF_ERROR(WriteWhole(files, temporary, path, contents));
  return files.SyncDirectory(FolderOf(path));
}

std::string FolderOf(const std::string& path) {
  fs::path normal = fs::path(path).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  const std::string folder = normal.parent_path().string();
  return folder.empty() ? "." : folder;
}

absl::Status RemoveContents(FileSystem& files, const std::string& path) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    entries.push_back(it->path());
  }
  if (error) {
    return absl::InternalError(
        absl::StrCat("Cannot list ", path, ": ", error.message()));
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    if (fs::symlink_status(entry, error).type() != fs::file_type::directory) {
      PEDIGREE_RETURN_IF_ERROR(files.Unlink(entry.string()));
      continue;
    }
    PEDIGREE_RETURN_IF_ERROR(RemoveContents(files, entry.string()));
    PEDIGREE_RETURN_IF_ERROR(files.RemoveDirectory(entry.string()));
  }
  return absl::OkStatus();
}

}  // namespace pedigree
