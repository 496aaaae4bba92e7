#include "runtime/base/file_hashes.h"

#include <cstddef>
#include <cstdint>

#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

// Small enough that the second hash finds a piece in the cache, and large enough
// that releasing one costs little.
constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr size_t kReleaseBytes = size_t{4} << 20;
static_assert(kReleaseBytes % kPieceBytes == 0);

FileHashes Hash(ByteSpan bytes, uint64_t checksum_offset,
                const ByteSource* release) {
  FileHashStream hashes(checksum_offset);
  if (release == nullptr) {
    hashes.Update(bytes);
    return hashes.Finish();
  }
  for (size_t begin = 0; begin < bytes.size(); begin += kPieceBytes) {
    const ByteSpan piece = bytes.subspan(begin, kPieceBytes);
    hashes.Update(piece);
    const size_t end = begin + piece.size();
    if (end % kReleaseBytes == 0 || end == bytes.size()) {
      const size_t from = (end - 1) / kReleaseBytes * kReleaseBytes;
      release->Release(bytes.subspan(from, end - from));
    }
  }
  return hashes.Finish();
}

}  // namespace

void FileHashStream::Update(ByteSpan piece) {
  for (size_t begin = 0; begin < piece.size(); begin += kPieceBytes) {
    digest_.Update(piece.subspan(begin, kPieceBytes));
    checksum_.Update(piece.subspan(begin, kPieceBytes));
  }
}

FileHashes FileHashStream::Finish() const {
  return {Sha256Stream(digest_).Finish(), checksum_.Finish()};
}

FileHashes HashFile(ByteSpan file_bytes, uint64_t checksum_offset) {
  return Hash(file_bytes, checksum_offset, nullptr);
}

FileHashes HashFileAndRelease(const ByteSource& source,
                              uint64_t checksum_offset) {
  return Hash(source.bytes(), checksum_offset, &source);
}

}  // namespace pedigree
