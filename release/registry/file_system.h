// The system calls by which a registry is written, as an interface, so that a
// test can stop the world before and after each of them.

#ifndef PEDIGREE_RELEASE_REGISTRY_FILE_SYSTEM_H_
#define PEDIGREE_RELEASE_REGISTRY_FILE_SYSTEM_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pedigree {

// Every call that changes a disk. One member is one change: none loops, retries
// or cleans up. A registry reads by other means, past this interface.
//
// Errors of all members: those of the system, naming the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Creates a file, which must not exist, and opens it to write; mode 0644, or
  // 0444 when `read_only`, less the umask.
  virtual absl::StatusOr<int> Create(const std::string& path,
                                     bool read_only) = 0;
  // Opens a file that exists; writes go to its end.
  virtual absl::StatusOr<int> OpenToAppend(const std::string& path) = 0;
  // Writes some of `bytes`, at least one, and says how many.
  virtual absl::StatusOr<size_t> Write(int file, std::string_view bytes) = 0;
  virtual absl::Status Truncate(int file, uint64_t size) = 0;
  virtual absl::Status Sync(int file) = 0;
  virtual absl::Status Close(int file) = 0;

  virtual absl::Status MakeDirectory(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // Syncs whatever was written so far, by anybody, to the disk that the folder
  // `path` is on. For many small files at once, of which each would be waited
  // for by itself.
  virtual absl::Status SyncDisk(const std::string& path) = 0;
  // Replaces a file `to`, and an empty folder `to` by a folder.
  virtual absl::Status Rename(const std::string& from,
                              const std::string& to) = 0;
  // A second name for a file; `to` must not exist.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Unlink(const std::string& path) = 0;
  // Of an empty folder.
  virtual absl::Status RemoveDirectory(const std::string& path) = 0;
};

// The machine's own. Has no state.
FileSystem& RealFileSystem();

// Writes all of `bytes`.
absl::Status WriteAll(FileSystem& files, int file, std::string_view bytes);

// Creates the file `path`, which holds `contents`; it is not synced.
absl::Status WriteUnsynced(FileSystem& files, const std::string& path,
                           std::string_view contents);

// Puts a file that holds `contents` at `path`, all or nothing: writes
// `temporary`, on the same file system, syncs it and renames it. The entry in
// the folder is durable once the caller has synced that.
absl::Status WriteWhole(FileSystem& files, const std::string& temporary,
                        const std::string& path, std::string_view contents,
                        bool read_only = false);

// The same for a file on its own: by a temporary file beside it, one that a
// killed process left being replaced, and with its folder synced.
absl::Status WriteAlone(FileSystem& files, const std::string& path,
                        std::string_view contents);

// The folder that `path` is in.
std::string FolderOf(const std::string& path);

// Removes what lies in the folder `path`, and below, but not `path` itself.
absl::Status RemoveContents(FileSystem& files, const std::string& path);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_FILE_SYSTEM_H_
