#include "runtime/format/finite.h"

#include <algorithm>

namespace pedigree {
namespace {

// All bits of the exponent: set in NaN and infinities only.
constexpr uint32_t kExponentMask = 0x7f800000;

bool IsNonFinite(const uint8_t* bytes) {
  return (LoadLittleEndian<uint32_t>(bytes) & kExponentMask) == kExponentMask;
}

}  // namespace

std::optional<uint64_t> FindNonFinite(ByteSpan bytes) {
  // A block without a branch inside is a loop that compilers vectorise.
  constexpr uint64_t kBlock = 1024;
  const uint64_t count = bytes.size() / sizeof(float);
  for (uint64_t begin = 0; begin < count; begin += kBlock) {
    const uint64_t end = std::min(begin + kBlock, count);
    uint32_t found = 0;
    for (uint64_t i = begin; i < end; ++i) {
      found |= IsNonFinite(bytes.data() + i * sizeof(float));
    }
    if (found == 0) continue;
    for (uint64_t i = begin; i < end; ++i) {
      if (IsNonFinite(bytes.data() + i * sizeof(float))) return i;
    }
  }
  return std::nullopt;
}

}  // namespace pedigree
