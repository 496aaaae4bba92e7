// XXH3-64, which finds accidents in files. Identity and trust use SHA-256.

#ifndef PEDIGREE_RUNTIME_BASE_CHECKSUM_H_
#define PEDIGREE_RUNTIME_BASE_CHECKSUM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/base/bytes.h"

namespace pedigree {

// XXH3-64 (seed 0) of `bytes`.
uint64_t Checksum(ByteSpan bytes);

// The checksum of a stream, piece by piece.
class ChecksumStream {
 public:
  ChecksumStream();
  void Update(ByteSpan bytes);
  // XXH3-64 of all bytes so far.
  uint64_t Finish() const;

 private:
  alignas(64) std::array<uint8_t, 576> state_;
};

// The checksum that a file stores about itself: XXH3-64 of `file_bytes` with
// the 8 bytes at `field_offset` taken as zero; a result of 0 becomes 1, since
// 0 means "absent". field_offset + 8 must lie inside the file.
uint64_t FileChecksum(ByteSpan file_bytes, uint64_t field_offset);

// What is stored for the result `checksum`.
inline uint64_t StoredChecksum(uint64_t checksum) {
  return checksum == 0 ? 1 : checksum;
}

// FileChecksum, piece by piece.
class FileChecksumStream {
 public:
  explicit FileChecksumStream(uint64_t field_offset);
  void Update(ByteSpan bytes);
  // The checksum of all bytes so far.
  uint64_t Finish() const;

 private:
  ChecksumStream stream_;
  uint64_t field_offset_;
  uint64_t position_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_CHECKSUM_H_
