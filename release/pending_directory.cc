#include "release/pending_directory.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "absl/strings/str_cat.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

absl::Status ErrnoError(std::string_view action, std::string_view path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat("Cannot ", action, " ", path));
}

absl::Status CheckFree(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return absl::OkStatus();
  if (status.type() == fs::file_type::directory && fs::is_empty(path, error) &&
      !error) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat("Cannot create ", path, ": it exists"));
}

}  // namespace

absl::StatusOr<PendingDirectory> PendingDirectory::Create(
    const std::string& final_path) {
  std::string target = final_path;
  while (target.size() > 1 && target.back() == '/') target.pop_back();
  if (absl::Status status = CheckFree(target); !status.ok()) return status;
  std::string path = absl::StrCat(target, ".XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return ErrnoError("create a folder beside", target);
  }
  PendingDirectory directory(std::move(path), std::move(target));
  if (chmod(directory.path_.c_str(), 0755) != 0) {
    return ErrnoError("set the mode of", directory.path_);
  }
  return directory;
}

PendingDirectory::PendingDirectory(std::string path, std::string final_path)
    : path_(std::move(path)), final_path_(std::move(final_path)) {}

PendingDirectory::PendingDirectory(PendingDirectory&& other) noexcept
    : path_(std::exchange(other.path_, "")),
      final_path_(std::move(other.final_path_)) {}

PendingDirectory::~PendingDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

absl::StatusOr<std::string> PendingDirectory::PrepareFile(
    const std::string& file_path) {
  const std::string path = absl::StrCat(path_, "/", file_path);
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (!error) return path;
  return absl::InternalError(
      absl::StrCat("Cannot create the folder of ", path, ": ",
                   error.message()));
}

absl::Status PendingDirectory::Commit() {
  // An empty folder in the final place is replaced; anything else that came
  // there meanwhile is an error.
  if (std::rename(path_.c_str(), final_path_.c_str()) != 0) {
    return ErrnoError("create", final_path_);
  }
  path_.clear();
  return absl::OkStatus();
}

}  // namespace pedigree
