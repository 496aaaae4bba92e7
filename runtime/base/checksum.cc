#include "runtime/base/checksum.h"

#include <new>

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace pedigree {

uint64_t Checksum(ByteSpan bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

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

uint64_t FileChecksum(ByteSpan file_bytes, uint64_t field_offset) {
  constexpr uint8_t kZeros[8] = {};
  ChecksumStream stream;
  stream.Update(file_bytes.first(field_offset));
  stream.Update(kZeros);
  stream.Update(file_bytes.subspan(field_offset + sizeof(kZeros)));
  return StoredChecksum(stream.Finish());
}

}  // namespace pedigree
