#include "packager/file_digest.h"

#include <cstddef>

#include "runtime/base/bytes.h"

namespace pedigree {

Digest DigestOf(const MappedFile& file) {
  constexpr size_t kPieceBytes = size_t{8} << 20;
  Sha256Stream stream;
  const ByteSpan bytes = file.bytes();
  for (size_t begin = 0; begin < bytes.size(); begin += kPieceBytes) {
    const ByteSpan piece = bytes.subspan(begin, kPieceBytes);
    stream.Update(piece);
    file.Release(piece);
  }
  return stream.Finish();
}

}  // namespace pedigree
