// Both hashes of a file in one pass over it.

#ifndef PEDIGREE_RUNTIME_BASE_FILE_HASHES_H_
#define PEDIGREE_RUNTIME_BASE_FILE_HASHES_H_

#include <cstdint>

#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct FileHashes {
  // SHA-256 of the whole file.
  Digest digest;
  // Its FileChecksum.
  uint64_t checksum = 0;
};

// The hashes of a file that comes in pieces, whose checksum field is at
// `checksum_offset`. A copy goes on by itself.
class FileHashStream {
 public:
  explicit FileHashStream(uint64_t checksum_offset)
      : checksum_(checksum_offset) {}

  void Update(ByteSpan piece);
  // Of all bytes so far.
  FileHashes Finish() const;

 private:
  Sha256Stream digest_;
  FileChecksumStream checksum_;
};

// Hashes `file_bytes`, whose checksum field is at `checksum_offset`.
FileHashes HashFile(ByteSpan file_bytes, uint64_t checksum_offset);

// The same of all bytes of `source`; each piece is released behind the pass.
FileHashes HashFileAndRelease(const ByteSource& source,
                              uint64_t checksum_offset);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_FILE_HASHES_H_
