// Files as a whole: mapped for reading, written all or nothing. Native only.

#ifndef PEDIGREE_RUNTIME_BASE_FILE_H_
#define PEDIGREE_RUNTIME_BASE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"

namespace pedigree {

// A file mapped read-only. Movable; unmapped on destruction. The bytes start
// on a page, so 64-byte aligned sections stay aligned.
class MappedFile final : public ByteSource {
 public:
  // Errors: kNotFound, kPermissionDenied, or kInvalidArgument when `path` is
  // not a regular file. The message names the path.
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile() override;

  ByteSpan bytes() const override { return bytes_; }
  bool releases() const override { return true; }
  // What is given back is read from the file again when it is touched: reading
  // a file from end to end so takes little memory whatever its size.
  void Release(ByteSpan range) const override;

 private:
  explicit MappedFile(ByteSpan bytes) : bytes_(bytes) {}

  ByteSpan bytes_;
};

// The whole file. Errors as MappedFile::Open, and kResourceExhausted when it
// is longer than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     uint64_t max_bytes = uint64_t{1} << 32);

// A new file that takes its place when it is whole: a temporary one in the same
// folder, removed again unless it is committed. Movable.
class StagedFile {
 public:
  // Errors: those of the system, naming `path`, which is not touched.
  static absl::StatusOr<StagedFile> Create(const std::string& path);

  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&& other) noexcept;
  ~StagedFile();

  const std::string& path() const { return path_; }
  // The name it has until Commit.
  const std::string& temporary_path() const { return temporary_; }

  absl::Status Append(std::string_view contents);
  // Replaces bytes that were appended.
  absl::Status Overwrite(uint64_t offset, std::string_view contents);

  // Replaces path() by this file, mode 0644 less the umask: fsync, rename. On
  // an error a previous file is untouched. Nothing may be called after it.
  absl::Status Commit();

 private:
  StagedFile(std::string path, std::string temporary, int fd);

  std::string path_;
  std::string temporary_;
  int fd_ = -1;  // negative: moved from, or done
};

// Replaces `path` by `contents`, mode 0644 less the umask: a temporary file in
// the same folder, fsync, rename. On an error nothing is left behind and a
// previous file is untouched.
absl::Status WriteFileAtomically(const std::string& path,
                                 std::string_view contents);

// Adds `path` before the message of a status that is not OK.
absl::Status AnnotateWithPath(const absl::Status& status,
                              std::string_view path);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_FILE_H_
