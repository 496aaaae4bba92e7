#include "release/verify_state.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Far more lines than packets have blobs.
constexpr uint64_t kMaxStateBytes = uint64_t{64} << 20;

absl::Status ErrnoError(std::string_view action, std::string_view path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat("Cannot ", action, " ", path));
}

int64_t Nanoseconds(const struct timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// 64-bit integers are texts in our records.
template <typename Number>
bool ReadNumber(JsonObjectReader& reader, std::string_view key,
                Number& value) {
  return absl::SimpleAtoi(reader.String(key), &value);
}

}  // namespace

bool operator==(const FileIdentity& a, const FileIdentity& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size &&
         a.modified_ns == b.modified_ns && a.changed_ns == b.changed_ns;
}

absl::StatusOr<FileIdentity> IdentifyFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoError("read", path);
  return FileIdentity{static_cast<uint64_t>(info.st_dev),
                      static_cast<uint64_t>(info.st_ino),
                      static_cast<uint64_t>(info.st_size),
                      Nanoseconds(info.st_mtim), Nanoseconds(info.st_ctim)};
}

VerifyState::~VerifyState() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::unique_ptr<VerifyState>> VerifyState::Open(
    const std::string& path, const Digest& manifest) {
  std::unique_ptr<VerifyState> state(new VerifyState(manifest));
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxStateBytes);
  if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
  if (text.ok()) state->ReadLines(*text);
  // Written anew, so that what follows a line that was cut does not run into it.
  std::string lines;
  for (const auto& [blob, identity] : state->blobs_) {
    absl::StrAppend(&lines, state->Line(blob, identity));
  }
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(path, lines));
  state->fd_ = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (state->fd_ < 0) return ErrnoError("open", path);
  return state;
}

void VerifyState::ReadLines(std::string_view text) {
  for (const std::string_view line : absl::StrSplit(text, '\n')) {
    const absl::StatusOr<Json> json = ParseJson(line, "state");
    if (!json.ok()) continue;
    JsonObjectReader reader(*json, "state");
    FileIdentity identity;
    const absl::StatusOr<Digest> blob = ParseDigest(reader.String("blob"));
    const absl::StatusOr<Digest> manifest =
        ParseDigest(reader.String("manifest"));
    const bool numbers =
        ReadNumber(reader, "changed_ns", identity.changed_ns) &&
        ReadNumber(reader, "device", identity.device) &&
        ReadNumber(reader, "inode", identity.inode) &&
        ReadNumber(reader, "modified_ns", identity.modified_ns) &&
        ReadNumber(reader, "size", identity.size);
    if (!reader.Finish().ok() || !numbers || !blob.ok() || !manifest.ok() ||
        *manifest != manifest_) {
      continue;
    }
    blobs_[*blob] = identity;
  }
}

std::string VerifyState::Line(const Digest& blob,
                              const FileIdentity& identity) const {
  return CanonicalJson({{"blob", blob.ToString()},
                        {"changed_ns", absl::StrCat(identity.changed_ns)},
                        {"device", absl::StrCat(identity.device)},
                        {"inode", absl::StrCat(identity.inode)},
                        {"manifest", manifest_.ToString()},
                        {"modified_ns", absl::StrCat(identity.modified_ns)},
                        {"size", absl::StrCat(identity.size)}}) +
         "\n";
}

bool VerifyState::Knows(const Digest& blob,
                        const FileIdentity& identity) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blobs_.find(blob);
  const bool knows = found != blobs_.end() && found->second == identity;
  known_ += knows;
  return knows;
}

void VerifyState::Add(const Digest& blob, const FileIdentity& identity) {
  const std::lock_guard<std::mutex> lock(mutex_);
  blobs_[blob] = identity;
  const std::string line = Line(blob, identity);
  [[maybe_unused]] const ssize_t count =
      write(fd_, line.data(), line.size());
}

uint64_t VerifyState::known() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return known_;
}

absl::StatusOr<FileDigest> ResumedPacket::HashBlob(const Digest& digest) const {
  const std::string& path = FileOf(digest)->path;
  PEDIGREE_ASSIGN_OR_RETURN(const FileIdentity before, IdentifyFile(path));
  if (state_.Knows(digest, before)) return FileDigest{digest, before.size};
  PEDIGREE_ASSIGN_OR_RETURN(const FileDigest found, ForwardedPacket::HashBlob(digest));
  PEDIGREE_ASSIGN_OR_RETURN(const FileIdentity after, IdentifyFile(path));
  if (found.digest == digest && before == after) {
    state_.Add(digest, after);
  }
  return found;
}

}  // namespace pedigree
