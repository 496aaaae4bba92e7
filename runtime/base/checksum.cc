#include "runtime/base/checksum.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace pedigree {

uint64_t Checksum(ByteSpan bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t FileChecksum(ByteSpan file_bytes, uint64_t field_offset) {
  constexpr uint8_t kZeros[8] = {};
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, file_bytes.data(), field_offset);
  XXH3_64bits_update(&state, kZeros, sizeof(kZeros));
  XXH3_64bits_update(&state, file_bytes.data() + field_offset + sizeof(kZeros),
                     file_bytes.size() - field_offset - sizeof(kZeros));
  const uint64_t checksum = XXH3_64bits_digest(&state);
  return checksum == 0 ? 1 : checksum;
}

}  // namespace pedigree
