#include "runtime/base/checksum.h"

#include <algorithm>
#include <cstdint>
#include <new>

#include "runtime/base/bytes.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace pedigree {

uint64_t Checksum(ByteSpan bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t FileChecksum(ByteSpan file_bytes, uint64_t field_offset) {
  FileChecksumStream stream(field_offset);
  stream.Update(file_bytes);
  return stream.Finish();
}

FileChecksumStream::FileChecksumStream(uint64_t field_offset)
    : field_offset_(field_offset) {
  static_assert(sizeof(XXH3_state_t) <= sizeof(state_));
  XXH3_state_t* state = new (state_.data()) XXH3_state_t;
  XXH3_INITSTATE(state);
  XXH3_64bits_reset(state);
}

void FileChecksumStream::UpdateRaw(const uint8_t* bytes, uint64_t size) {
  XXH3_64bits_update(reinterpret_cast<XXH3_state_t*>(state_.data()), bytes,
                     size);
}

void FileChecksumStream::Update(ByteSpan bytes) {
  constexpr uint8_t kZeros[8] = {};
  const uint64_t end = position_ + bytes.size();
  // What of the field lies in these bytes.
  const uint64_t field_begin = std::clamp(field_offset_, position_, end);
  const uint64_t field_end =
      std::clamp(field_offset_ + sizeof(kZeros), position_, end);
  UpdateRaw(bytes.data(), field_begin - position_);
  UpdateRaw(kZeros, field_end - field_begin);
  UpdateRaw(bytes.data() + (field_end - position_), end - field_end);
  position_ = end;
}

uint64_t FileChecksumStream::Finish() {
  const uint64_t checksum = XXH3_64bits_digest(
      reinterpret_cast<const XXH3_state_t*>(state_.data()));
  return checksum == 0 ? 1 : checksum;
}

}  // namespace pedigree
