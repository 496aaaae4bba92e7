// Random numbers that are found by their index, without those before them.

#ifndef PEDIGREE_PACKAGER_SPLIT_MIX_H_
#define PEDIGREE_PACKAGER_SPLIT_MIX_H_

#include <cstdint>

namespace pedigree {

// Number `index` of the sequence that starts from `state`. All arithmetic is
// modulo 2^64.
// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
// generators" (SplitMix64).
inline uint64_t SplitMix(uint64_t state, uint64_t index) {
  uint64_t z = state + (index + 1) * uint64_t{0x9E3779B97F4A7C15};
  z = (z ^ (z >> 30)) * uint64_t{0xBF58476D1CE4E5B9};
  z = (z ^ (z >> 27)) * uint64_t{0x94D049BB133111EB};
  return z ^ (z >> 31);
}

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SPLIT_MIX_H_
