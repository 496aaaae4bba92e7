// A folder that appears whole or not at all.

#ifndef PEDIGREE_RELEASE_PENDING_DIRECTORY_H_
#define PEDIGREE_RELEASE_PENDING_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pedigree {

// Builds a folder beside its final place and moves it there by one rename.
// Until Commit, and on destruction without it, nothing is left behind.
class PendingDirectory {
 public:
  // `final_path` must not exist, or be an empty folder. Its parent must exist.
  //
  // Errors: kAlreadyExists when something is there already.
  static absl::StatusOr<PendingDirectory> Create(const std::string& final_path);

  PendingDirectory(PendingDirectory&& other) noexcept;
  PendingDirectory& operator=(PendingDirectory&&) = delete;
  ~PendingDirectory();

  // Where to put the contents for now.
  const std::string& path() const { return path_; }

  // Makes the folders above `file_path`, a path relative to path(), and returns
  // the whole path.
  absl::StatusOr<std::string> PrepareFile(const std::string& file_path);

  // Moves the folder to its final place.
  absl::Status Commit();

 private:
  PendingDirectory(std::string path, std::string final_path);

  std::string path_;
  std::string final_path_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PENDING_DIRECTORY_H_
