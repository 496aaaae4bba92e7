// Where a writer's bytes go.

#ifndef PEDIGREE_PACKAGER_BYTE_SINK_H_
#define PEDIGREE_PACKAGER_BYTE_SINK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Takes the bytes of one artifact in order.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual absl::Status Append(ByteSpan bytes) = 0;
  // Replaces bytes that were appended.
  virtual absl::Status Overwrite(uint64_t offset, ByteSpan bytes) = 0;
};

// Keeps them in memory. Borrows `out`, which must be empty.
class StringSink : public ByteSink {
 public:
  explicit StringSink(std::string* out) : out_(*out) {}
  absl::Status Append(ByteSpan bytes) override;
  absl::Status Overwrite(uint64_t offset, ByteSpan bytes) override;

 private:
  std::string& out_;
};

// Writes them to a file. Borrows `file`.
class FileSink : public ByteSink {
 public:
  explicit FileSink(StagedFile* file) : file_(*file) {}
  absl::Status Append(ByteSpan bytes) override;
  absl::Status Overwrite(uint64_t offset, ByteSpan bytes) override;

 private:
  StagedFile& file_;
};

// Keeps only their SHA-256. What was hashed can't be replaced: Overwrite fails
// with kFailedPrecondition.
class DigestSink : public ByteSink {
 public:
  absl::Status Append(ByteSpan bytes) override;
  absl::Status Overwrite(uint64_t offset, ByteSpan bytes) override;
  // Of all bytes; nothing may be called after it.
  Digest Finish() { return stream_.Finish(); }

 private:
  Sha256Stream stream_;
};

// Keeps nothing.
class NullSink : public ByteSink {
 public:
  absl::Status Append(ByteSpan bytes) override;
  absl::Status Overwrite(uint64_t offset, ByteSpan bytes) override;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_BYTE_SINK_H_
