// Where two blobs differ, byte by byte.

#ifndef PEDIGREE_RELEASE_DIFF_BYTES_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_BYTES_DIFFERENCE_H_

#include <cstdint>
#include <optional>

#include "runtime/base/byte_source.h"

namespace pedigree {

struct BytesDifference {
  // Bytes that differ where both have one.
  uint64_t differing = 0;
  // The first byte that differs or that only one of them has; nothing when the
  // two are equal.
  std::optional<uint64_t> first_offset;
};

// Compares two blobs from end to end and releases what it has read.
BytesDifference CompareBytes(const ByteSource& a, const ByteSource& b);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_BYTES_DIFFERENCE_H_
