// Files read once from front to back, however large: hashed, copied, or both.

#ifndef PEDIGREE_RELEASE_FILE_STREAM_H_
#define PEDIGREE_RELEASE_FILE_STREAM_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Whether a file may be reached through a symbolic link. Build inputs may (a
// build system links them); the parts of a packet may not.
enum class Links { kFollow, kRefuse };

struct FileDigest {
  Digest digest;
  uint64_t size = 0;
};

// SHA-256 and length of a regular file, in constant memory.
//
// Errors: kNotFound, kPermissionDenied, or kInvalidArgument when it is not a
// regular file (a link is one only with Links::kFollow).
absl::StatusOr<FileDigest> DigestFile(const std::string& path, Links links);

// Hands the bytes of a regular file to `consume`, piece after piece, until the
// end or an error of `consume`. Errors as DigestFile.
absl::Status ReadFilePieces(
    const std::string& path, Links links,
    absl::FunctionRef<absl::Status(ByteSpan)> consume);

// Copies `from` to the new file `to`, mode 0644 or 0755 less the umask, and
// returns the digest of what was copied. Errors as DigestFile, and
// kAlreadyExists; on an error `to` may be left behind, incomplete.
absl::StatusOr<FileDigest> CopyFile(const std::string& from, Links links,
                                    const std::string& to,
                                    bool executable = false);

// The whole file when it has at most `max_bytes`. Errors as DigestFile, and
// kResourceExhausted.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, Links links,
                                          uint64_t max_bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_FILE_STREAM_H_
