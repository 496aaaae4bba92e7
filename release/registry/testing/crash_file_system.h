// File systems for tests of what a crash leaves: one that kills its own process
// at a chosen call, and one that records calls, so that a disk can be made that
// kept only what was synced.

#ifndef PEDIGREE_RELEASE_REGISTRY_TESTING_CRASH_FILE_SYSTEM_H_
#define PEDIGREE_RELEASE_REGISTRY_TESTING_CRASH_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "release/registry/file_system.h"

namespace pedigree {

// Passes every call to the real file system, telling `watch` before and after.
class WatchedFileSystem : public FileSystem {
 public:
  absl::StatusOr<int> Create(const std::string& path, bool read_only) override;
  absl::StatusOr<int> OpenToAppend(const std::string& path) override;
  absl::StatusOr<size_t> Write(int file, std::string_view bytes) override;
  absl::Status Truncate(int file, uint64_t size) override;
  absl::Status Sync(int file) override;
  absl::Status Close(int file) override;
  absl::Status MakeDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status SyncDisk(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Unlink(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;

  // Calls so far.
  int calls() const { return calls_; }

 protected:
  // Before call number `calls()`, counting from 0. `bytes` is null but for a
  // write, of which it says how much to do: a subclass may ask for less.
  virtual void Before(size_t* /*bytes*/) {}
  virtual void After() {}

 private:
  template <typename Call>
  auto Run(Call call);

  int calls_ = 0;
};

// A moment to die at: before call `call`, counting from 0, or after it, or,
// where it writes, with half of it written.
struct KillPoint {
  enum class When { kBefore, kHalfWay, kAfter };
  int call = 0;
  When when = When::kBefore;
};

// Tells the moments that there are.
class CountingFileSystem final : public WatchedFileSystem {
 public:
  const std::vector<KillPoint>& points() const { return points_; }

 protected:
  void Before(size_t* bytes) override;
  void After() override;

 private:
  std::vector<KillPoint> points_;
};

// Kills its process, by SIGKILL, at one moment.
class KillingFileSystem final : public WatchedFileSystem {
 public:
  explicit KillingFileSystem(KillPoint point) : point_(point) {}

 protected:
  void Before(size_t* bytes) override;
  void After() override;

 private:
  const KillPoint point_;
};

// One call as a disk sees it.
struct DiskCall {
  enum class Kind {
    kCreate, kWrite, kTruncate, kSync, kMakeDirectory, kSyncDirectory,
    kSyncDisk, kRename, kLink, kUnlink, kRemoveDirectory,
  };
  Kind kind;
  // Relative to the recorded root.
  std::string path;
  std::string to;
  std::string bytes;
  uint64_t size = 0;
};

// Records the calls below one folder while they are done.
class RecordingFileSystem final : public FileSystem {
 public:
  explicit RecordingFileSystem(std::string root) : root_(std::move(root)) {}

  const std::vector<DiskCall>& calls() const { return recorded_; }

  absl::StatusOr<int> Create(const std::string& path, bool read_only) override;
  absl::StatusOr<int> OpenToAppend(const std::string& path) override;
  absl::StatusOr<size_t> Write(int file, std::string_view bytes) override;
  absl::Status Truncate(int file, uint64_t size) override;
  absl::Status Sync(int file) override;
  absl::Status Close(int file) override;
  absl::Status MakeDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status SyncDisk(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Unlink(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;

 private:
  std::string Relative(const std::string& path) const;
  void Record(DiskCall::Kind kind, const std::string& path,
              const std::string& to = "", std::string bytes = "",
              uint64_t size = 0);

  const std::string root_;
  std::map<int, std::string> open_;
  std::vector<DiskCall> recorded_;
};

// What of the un-synced data a power cut takes.
enum class Loss {
  kEverything,  // exactly what was synced is left
  kContents,    // names are there, un-synced contents are not
  kGarbage,     // names are there, un-synced contents are zeros
  kSome,        // each name and part of each content by chance
};

// A disk in memory. Folders and files remember what was synced of them.
class SimulatedDisk {
 public:
  // Starts with the tree at `root`, all of it synced.
  explicit SimulatedDisk(const std::string& root);
  ~SimulatedDisk();

  void Do(const DiskCall& call);
  // Writes the tree that a power cut now leaves to the new folder `root`.
  // Files that are as they were at the start are hard links to those, but
  // "ledger.jsonl". `seed` is for kSome.
  void PowerOff(Loss loss, uint64_t seed, const std::string& root) const;

 private:
  struct Node;

  std::shared_ptr<Node> Find(const std::string& path) const;
  std::shared_ptr<Node> Parent(const std::string& path,
                               std::string* name) const;

  std::shared_ptr<Node> root_;
};

// Copies a tree: files by hard links, but those named "ledger.jsonl", which
// alone are changed in place.
void CopyTree(const std::string& from, const std::string& to);

// Every file below `root`, by path, with its contents; folders end with "/".
std::map<std::string, std::string> ReadTree(const std::string& root);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_TESTING_CRASH_FILE_SYSTEM_H_
