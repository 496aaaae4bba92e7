#include "release/diff/bytes_difference.h"

#include <algorithm>
#include <cstring>

namespace pedigree {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

void ComparePiece(ByteSpan a, ByteSpan b, uint64_t offset,
                  BytesDifference& difference) {
  if (std::memcmp(a.data(), b.data(), a.size()) == 0) return;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (difference.differing++ == 0) difference.first_offset = offset + i;
  }
}

}  // namespace

BytesDifference CompareBytes(const ByteSource& a, const ByteSource& b) {
  BytesDifference difference;
  const uint64_t common =
      std::min<uint64_t>(a.bytes().size(), b.bytes().size());
  for (uint64_t offset = 0; offset < common; offset += kPieceBytes) {
    const uint64_t size = std::min(kPieceBytes, common - offset);
    const ByteSpan piece_a = a.bytes().subspan(offset, size);
    const ByteSpan piece_b = b.bytes().subspan(offset, size);
    ComparePiece(piece_a, piece_b, offset, difference);
    a.Release(piece_a);
    b.Release(piece_b);
  }
  if (!difference.first_offset.has_value() &&
      a.bytes().size() != b.bytes().size()) {
    difference.first_offset = common;
  }
  return difference;
}

}  // namespace pedigree
