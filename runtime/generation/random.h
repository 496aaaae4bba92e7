// The random numbers of sampling: XorShift64, the same on every machine.

#ifndef PEDIGREE_RUNTIME_GENERATION_RANDOM_H_
#define PEDIGREE_RUNTIME_GENERATION_RANDOM_H_

#include <cstdint>

namespace pedigree {

// What seed 0, which XorShift64 cannot leave, is replaced by: 2^64 divided by
// the golden ratio.
inline constexpr uint64_t kSeedForZero = 0x9e3779b97f4a7c15;

// Source: Marsaglia 2003, "Xorshift RNGs", triple (13, 7, 17).
class XorShift64 {
 public:
  explicit XorShift64(uint64_t seed)
      : state_(seed == 0 ? kSeedForZero : seed) {}

  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  // The top 24 bits of Next() as a multiple of 2^-24 in [0, 1).
  float NextUnit() { return static_cast<float>(Next() >> 40) * 0x1p-24f; }

 private:
  uint64_t state_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_GENERATION_RANDOM_H_
