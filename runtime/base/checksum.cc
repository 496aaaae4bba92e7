#include "runtime/base/checksum.h"

#include <algorithm>
#include <cstdint>
#include <new>

#include "runtime/base/bytes.h"

#if defined(__wasm__)
#define XXH_SIZE_OPT 1  // 3 KB less, as fast
#endif
#define XXH_INLINE_ALL
#include "xxhash.h"

namespace pedigree {

ChecksumStream::ChecksumStream() {
  static_assert(sizeof(XXH3_state_t) <= sizeof(state_));
  static_assert(alignof(XXH3_state_t) <= alignof(ChecksumStream));
  auto* state = new (state_.data()) XXH3_state_t;
  XXH3_INITSTATE(state);
  XXH3_64bits_reset(state);
}

void ChecksumStream::Update(ByteSpan bytes) {
  XXH3_64bits_update(reinterpret_cast<XXH3_state_t*>(state_.data()),
                     bytes.data(), bytes.size());
}

uint64_t ChecksumStream::Finish() const {
  return XXH3_64bits_digest(
      reinterpret_cast<const XXH3_state_t*>(state_.data()));
}

// Not XXH3_64bits: the library's other copy of the algorithm.
uint64_t Checksum(ByteSpan bytes) {
  ChecksumStream stream;
  stream.Update(bytes);
  return stream.Finish();
}

uint64_t FileChecksum(ByteSpan file_bytes, uint64_t field_offset) {
  FileChecksumStream stream(field_offset);
  stream.Update(file_bytes);
  return stream.Finish();
}

FileChecksumStream::FileChecksumStream(uint64_t field_offset)
    : field_offset_(field_offset) {}

void FileChecksumStream::Update(ByteSpan bytes) {
  constexpr uint8_t kZeros[8] = {};
  const uint64_t end = position_ + bytes.size();
  // What of the field lies in these bytes.
  const uint64_t field_begin = std::clamp(field_offset_, position_, end);
  const uint64_t field_end =
      std::clamp(field_offset_ + sizeof(kZeros), position_, end);
  stream_.Update(bytes.first(field_begin - position_));
  stream_.Update(ByteSpan(kZeros).first(field_end - field_begin));
  stream_.Update(bytes.subspan(field_end - position_));
  position_ = end;
}

uint64_t FileChecksumStream::Finish() const {
  return StoredChecksum(stream_.Finish());
}

}  // namespace pedigree
