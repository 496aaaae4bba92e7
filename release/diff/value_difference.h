// How two sequences of numbers differ.

#ifndef PEDIGREE_RELEASE_DIFF_VALUE_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_VALUE_DIFFERENCE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace pedigree {

// One place where they differ.
struct ValuePair {
  uint64_t index = 0;
  float a = 0;
  float b = 0;
};

struct ValueDifference {
  uint64_t values = 0;
  // Values whose bits differ, so 0 and -0 do.
  uint64_t differing = 0;
  // With the smallest index, and with the largest |b - a|, the first of equal
  // ones; meaningless when none differs.
  ValuePair first;
  ValuePair largest;
  // |b - a| of `largest`. Not a number where a value is none, which counts as
  // larger than any.
  double largest_change = 0;
};

// Adds to `difference` the values from index `difference.values` on. a, b: of
// equal length.
void AddValues(absl::Span<const float> a, absl::Span<const float> b,
               ValueDifference& difference);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_VALUE_DIFFERENCE_H_
