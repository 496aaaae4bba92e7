#include "release/registry/testing/crash_file_system.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr char kChangedInPlace[] = "ledger.jsonl";

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Spill(const std::string& path, const std::string& contents) {
  std::ofstream file(path, std::ios::binary);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  PEDIGREE_CHECK(file.good());
}

[[noreturn]] void Die() {
  std::raise(SIGKILL);
  __builtin_trap();
}

}  // namespace

template <typename Call>
auto WatchedFileSystem::Run(Call call) {
  Before(nullptr);
  auto result = call(RealFileSystem());
  After();
  ++calls_;
  return result;
}

absl::StatusOr<int> WatchedFileSystem::Create(const std::string& path,
                                              bool read_only) {
  return Run([&](FileSystem& files) { return files.Create(path, read_only); });
}

absl::StatusOr<int> WatchedFileSystem::OpenToAppend(const std::string& path) {
  return Run([&](FileSystem& files) { return files.OpenToAppend(path); });
}

absl::StatusOr<size_t> WatchedFileSystem::Write(int file,
                                                std::string_view bytes) {
  size_t count = bytes.size();
  Before(&count);
  auto result = RealFileSystem().Write(file, bytes.substr(0, count));
  After();
  ++calls_;
  return result;
}

absl::Status WatchedFileSystem::Truncate(int file, uint64_t size) {
  return Run([&](FileSystem& files) { return files.Truncate(file, size); });
}

absl::Status WatchedFileSystem::Sync(int file) {
  return Run([&](FileSystem& files) { return files.Sync(file); });
}

absl::Status WatchedFileSystem::Close(int file) {
  return Run([&](FileSystem& files) { return files.Close(file); });
}

absl::Status WatchedFileSystem::MakeDirectory(const std::string& path) {
  return Run([&](FileSystem& files) { return files.MakeDirectory(path); });
}

absl::Status WatchedFileSystem::SyncDirectory(const std::string& path) {
  return Run([&](FileSystem& files) { return files.SyncDirectory(path); });
}

absl::Status WatchedFileSystem::SyncDisk(const std::string& path) {
  return Run([&](FileSystem& files) { return files.SyncDisk(path); });
}

absl::Status WatchedFileSystem::Rename(const std::string& from,
                                       const std::string& to) {
  return Run([&](FileSystem& files) { return files.Rename(from, to); });
}

absl::Status WatchedFileSystem::Link(const std::string& from,
                                     const std::string& to) {
  return Run([&](FileSystem& files) { return files.Link(from, to); });
}

absl::Status WatchedFileSystem::Unlink(const std::string& path) {
  return Run([&](FileSystem& files) { return files.Unlink(path); });
}

absl::Status WatchedFileSystem::RemoveDirectory(const std::string& path) {
  return Run([&](FileSystem& files) { return files.RemoveDirectory(path); });
}

void CountingFileSystem::Before(size_t* bytes) {
  points_.push_back({calls(), KillPoint::When::kBefore});
  if (bytes != nullptr) points_.push_back({calls(), KillPoint::When::kHalfWay});
}

void CountingFileSystem::After() {
  points_.push_back({calls(), KillPoint::When::kAfter});
}

void KillingFileSystem::Before(size_t* bytes) {
  if (calls() != point_.call) return;
  if (point_.when == KillPoint::When::kBefore) Die();
  if (point_.when == KillPoint::When::kHalfWay) *bytes = (*bytes + 1) / 2;
}

void KillingFileSystem::After() {
  if (calls() == point_.call) Die();
}

std::string RecordingFileSystem::Relative(const std::string& path) const {
  return absl::StartsWith(path, root_) ? path.substr(root_.size()) : "";
}

void RecordingFileSystem::Record(DiskCall::Kind kind, const std::string& path,
                                 const std::string& to, std::string bytes,
                                 uint64_t size) {
  // Folders above the recorded one are not of this disk.
  if (!absl::StartsWith(path, root_)) return;
  recorded_.push_back(
      {kind, Relative(path), Relative(to), std::move(bytes), size});
}

absl::StatusOr<int> RecordingFileSystem::Create(const std::string& path,
                                                bool read_only) {
  absl::StatusOr<int> file = RealFileSystem().Create(path, read_only);
  if (file.ok()) {
    open_[*file] = path;
    Record(DiskCall::Kind::kCreate, path);
  }
  return file;
}

absl::StatusOr<int> RecordingFileSystem::OpenToAppend(const std::string& path) {
  absl::StatusOr<int> file = RealFileSystem().OpenToAppend(path);
  if (file.ok()) open_[*file] = path;
  return file;
}

absl::StatusOr<size_t> RecordingFileSystem::Write(int file,
                                                  std::string_view bytes) {
  absl::StatusOr<size_t> count = RealFileSystem().Write(file, bytes);
  if (count.ok()) {
    Record(DiskCall::Kind::kWrite, open_[file], "",
           std::string(bytes.substr(0, *count)));
  }
  return count;
}

absl::Status RecordingFileSystem::Truncate(int file, uint64_t size) {
  Record(DiskCall::Kind::kTruncate, open_[file], "", "", size);
  return RealFileSystem().Truncate(file, size);
}

absl::Status RecordingFileSystem::Sync(int file) {
  Record(DiskCall::Kind::kSync, open_[file]);
  return RealFileSystem().Sync(file);
}

absl::Status RecordingFileSystem::Close(int file) {
  open_.erase(file);
  return RealFileSystem().Close(file);
}

absl::Status RecordingFileSystem::MakeDirectory(const std::string& path) {
  Record(DiskCall::Kind::kMakeDirectory, path);
  return RealFileSystem().MakeDirectory(path);
}

absl::Status RecordingFileSystem::SyncDirectory(const std::string& path) {
  Record(DiskCall::Kind::kSyncDirectory, path);
  return RealFileSystem().SyncDirectory(path);
}

absl::Status RecordingFileSystem::SyncDisk(const std::string& path) {
  Record(DiskCall::Kind::kSyncDisk, path);
  return RealFileSystem().SyncDisk(path);
}

absl::Status RecordingFileSystem::Rename(const std::string& from,
                                         const std::string& to) {
  Record(DiskCall::Kind::kRename, from, to);
  return RealFileSystem().Rename(from, to);
}

absl::Status RecordingFileSystem::Link(const std::string& from,
                                       const std::string& to) {
  Record(DiskCall::Kind::kLink, from, to);
  return RealFileSystem().Link(from, to);
}

absl::Status RecordingFileSystem::Unlink(const std::string& path) {
  Record(DiskCall::Kind::kUnlink, path);
  return RealFileSystem().Unlink(path);
}

absl::Status RecordingFileSystem::RemoveDirectory(const std::string& path) {
  Record(DiskCall::Kind::kRemoveDirectory, path);
  return RealFileSystem().RemoveDirectory(path);
}

struct SimulatedDisk::Node {
  bool folder = false;
  std::map<std::string, std::shared_ptr<Node>> entries;
  std::map<std::string, std::shared_ptr<Node>> synced_entries;
  std::string contents;
  std::string synced_contents;
  // Of a file of the start, as long as it is as it was.
  std::string origin;

  static std::shared_ptr<Node> Load(const std::string& path) {
    auto node = std::make_shared<Node>();
    node->folder = fs::is_directory(path);
    if (node->folder) {
      for (const auto& entry : fs::directory_iterator(path)) {
        node->entries[entry.path().filename().string()] =
            Load(entry.path().string());
      }
      node->synced_entries = node->entries;
    } else {
      node->contents = Slurp(path);
      node->synced_contents = node->contents;
      node->origin = path;
    }
    return node;
  }

  void SyncAll() {
    synced_contents = contents;
    synced_entries = entries;
    for (const auto& [name, node] : entries) node->SyncAll();
  }

  // What a power cut leaves of a file that was not wholly synced.
  std::string Left(Loss loss, std::mt19937_64& chance) const {
    if (contents == synced_contents || loss == Loss::kEverything ||
        loss == Loss::kContents) {
      return synced_contents;
    }
    std::string zeros = contents;
    const size_t kept = std::min(synced_contents.size(), contents.size());
    std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(kept), zeros.end(),
              '\0');
    if (loss == Loss::kGarbage) return zeros;
    switch (chance() % 4) {
      case 0:
        return synced_contents;
      case 1:
        return contents;
      case 2:
        return zeros;
      default:
        return contents.substr(0, kept + (contents.size() - kept) / 2);
    }
  }

  std::map<std::string, std::shared_ptr<Node>> LeftEntries(
      Loss loss, std::mt19937_64& chance) const {
    if (loss == Loss::kEverything) return synced_entries;
    if (loss != Loss::kSome) return entries;
    auto left = synced_entries;
    for (const auto& [name, node] : synced_entries) {
      const auto now = entries.find(name);
      if (now == entries.end() && chance() % 2 == 0) left.erase(name);
    }
    for (const auto& [name, node] : entries) {
      const auto then = synced_entries.find(name);
      const bool same = then != synced_entries.end() && then->second == node;
      if (!same && chance() % 2 == 0) left[name] = node;
    }
    return left;
  }

  void Write(Loss loss, std::mt19937_64& chance,
             const std::string& path) const {
    if (folder) {
      fs::create_directory(path);
      for (const auto& [name, node] : LeftEntries(loss, chance)) {
        node->Write(loss, chance, absl::StrCat(path, "/", name));
      }
    } else if (!origin.empty() && !absl::EndsWith(path, kChangedInPlace)) {
      fs::create_hard_link(origin, path);
    } else {
      Spill(path, Left(loss, chance));
    }
  }
};

SimulatedDisk::SimulatedDisk(const std::string& root)
    : root_(Node::Load(root)) {}
SimulatedDisk::~SimulatedDisk() = default;

std::shared_ptr<SimulatedDisk::Node> SimulatedDisk::Find(
    const std::string& path) const {
  std::shared_ptr<Node> node = root_;
  for (const fs::path& part : fs::path(path)) {
    if (part == "/" || part.empty()) continue;
    const auto found = node->entries.find(part.string());
    PEDIGREE_CHECK(found != node->entries.end());
    node = found->second;
  }
  return node;
}

std::shared_ptr<SimulatedDisk::Node> SimulatedDisk::Parent(
    const std::string& path, std::string* name) const {
  *name = fs::path(path).filename().string();
  return Find(fs::path(path).parent_path().string());
}

void SimulatedDisk::Do(const DiskCall& call) {
  std::string name;
  std::string new_name;
  switch (call.kind) {
    case DiskCall::Kind::kCreate:
      Parent(call.path, &name)->entries[name] = std::make_shared<Node>();
      break;
    case DiskCall::Kind::kWrite: {
      const auto node = Find(call.path);
      node->contents += call.bytes;
      node->origin.clear();
      break;
    }
    case DiskCall::Kind::kTruncate: {
      const auto node = Find(call.path);
      node->contents.resize(call.size);
      node->origin.clear();
      break;
    }
    case DiskCall::Kind::kSync: {
      const auto node = Find(call.path);
      node->synced_contents = node->contents;
      break;
    }
    case DiskCall::Kind::kMakeDirectory: {
      auto node = std::make_shared<Node>();
      node->folder = true;
      Parent(call.path, &name)->entries[name] = node;
      break;
    }
    case DiskCall::Kind::kSyncDirectory: {
      const auto node = Find(call.path);
      node->synced_entries = node->entries;
      break;
    }
    case DiskCall::Kind::kSyncDisk:
      root_->SyncAll();
      break;
    case DiskCall::Kind::kRename: {
      const auto node = Find(call.path);
      Parent(call.path, &name)->entries.erase(name);
      Parent(call.to, &new_name)->entries[new_name] = node;
      break;
    }
    case DiskCall::Kind::kLink:
      Parent(call.to, &new_name)->entries[new_name] = Find(call.path);
      break;
    case DiskCall::Kind::kUnlink:
    case DiskCall::Kind::kRemoveDirectory:
      Parent(call.path, &name)->entries.erase(name);
      break;
  }
}

void SimulatedDisk::PowerOff(Loss loss, uint64_t seed,
                             const std::string& root) const {
  std::mt19937_64 chance(seed);
  root_->Write(loss, chance, root);
}

void CopyTree(const std::string& from, const std::string& to) {
  fs::create_directory(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    const std::string target = absl::StrCat(to, "/", name);
    if (entry.is_directory()) {
      CopyTree(entry.path().string(), target);
    } else if (name == kChangedInPlace) {
      Spill(target, Slurp(entry.path().string()));
    } else {
      fs::create_hard_link(entry.path(), target);
    }
  }
}

std::map<std::string, std::string> ReadTree(const std::string& root) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name =
        entry.path().string().substr(root.size() + 1);
    if (entry.is_directory()) {
      tree[name + "/"] = "";
    } else {
      tree[name] = Slurp(entry.path().string());
    }
  }
  return tree;
}

}  // namespace pedigree
