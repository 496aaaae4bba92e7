#include "runtime/tensor/half.h"

#include <cstdint>
#include <cstring>

namespace pedigree {
namespace {

float FromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

uint32_t ToBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

}  // namespace

float HalfToFloat(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00) return FromBits(sign | 0x7f800000 | magnitude << 13);
  // The exponents' biases differ by 112.
  return FromBits(sign | ToBits(FromBits(magnitude << 13) * 0x1p112f));
}

uint16_t FloatToHalf(float value) {
  const uint32_t sign = ToBits(value) >> 16 & 0x8000;
  const uint32_t magnitude = ToBits(value) & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  // From 65520 on, halfway to what would be the next half.
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude < 0x38800000) {
    // Below 2^-14 halves are 2^-24 apart, as floats are from 0.5 on.
    const uint32_t steps = ToBits(FromBits(magnitude) + 0.5f) - ToBits(0.5f);
    return static_cast<uint16_t>(sign | steps);
  }
  const uint32_t odd = magnitude >> 13 & 1;
  const uint32_t rounded = magnitude - (uint32_t{112} << 23) + 0xfff + odd;
  return static_cast<uint16_t>(sign | rounded >> 13);
}

}  // namespace pedigree
