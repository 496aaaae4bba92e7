// What an interrupted verification has done, so that the next one continues.
// Specification: docs/formats/packet.md, "Resuming".

#ifndef PEDIGREE_RELEASE_VERIFY_STATE_H_
#define PEDIGREE_RELEASE_VERIFY_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "release/packet_files.h"
#include "release/packet_source.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// What tells that a file is still the one that was hashed: nobody can change its
// bytes and leave all of this as it was without the rights to set the clock or
// to write to the disk below the file system.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  friend bool operator==(const FileIdentity& a, const FileIdentity& b);
};

// Of the file at `path`, links followed.
//
// Errors: those of the system.
absl::StatusOr<FileIdentity> IdentifyFile(const std::string& path);

// Blobs of one packet that were hashed and found good, in a file with one line a
// blob. A line is written by one system call, so that killing the process loses
// at most the blob that it was hashing. Any number of threads may use it.
class VerifyState {
 public:
  // Reads the file at `path` if there is one. Lines that are not whole and those
  // about another packet than `manifest` are dropped.
  //
  // Errors: those of the system, naming `path`.
  static absl::StatusOr<std::unique_ptr<VerifyState>> Open(
      const std::string& path, const Digest& manifest);

  ~VerifyState();
  VerifyState(const VerifyState&) = delete;
  VerifyState& operator=(const VerifyState&) = delete;

  // Whether the blob was found good in a file that is still the same.
  bool Knows(const Digest& blob, const FileIdentity& identity) const;

  // Notes that the blob was found good in that file. What cannot be written is
  // hashed again the next time.
  void Add(const Digest& blob, const FileIdentity& identity);

  // How often Knows said yes.
  uint64_t known() const;

 private:
  explicit VerifyState(const Digest& manifest) : manifest_(manifest) {}
  void ReadLines(std::string_view text);
  std::string Line(const Digest& blob, const FileIdentity& identity) const;

  const Digest manifest_;
  mutable std::mutex mutex_;
  mutable uint64_t known_ = 0;
  std::map<Digest, FileIdentity> blobs_;
  int fd_ = -1;
};

// A packet some of whose blobs are not hashed again. Borrows both.
class ResumedPacket final : public ForwardedPacket {
 public:
  ResumedPacket(const PacketFiles& packet, VerifyState& state)
      : ForwardedPacket(packet), state_(state) {}

  // What the state says; else hashes the blob and, when it is good, notes it.
  absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const override;

 private:
  VerifyState& state_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_VERIFY_STATE_H_
