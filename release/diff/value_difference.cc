#include "release/diff/value_difference.h"

#include <cmath>
#include <cstring>

namespace pedigree {
namespace {

void AddPair(const ValuePair& pair, ValueDifference& difference) {
  const double change =
      std::fabs(static_cast<double>(pair.b) - static_cast<double>(pair.a));
  if (difference.differing == 0) difference.first = pair;
  const bool larger = std::isnan(change)
                          ? !std::isnan(difference.largest_change)
                          : change > difference.largest_change;
  if (difference.differing == 0 || larger) {
    difference.largest = pair;
    difference.largest_change = change;
  }
  ++difference.differing;
}

}  // namespace

void AddValues(absl::Span<const float> a, absl::Span<const float> b,
               ValueDifference& difference) {
  const size_t size = a.size();
  if (size != 0 && std::memcmp(a.data(), b.data(), size * sizeof(float)) != 0) {
    for (size_t i = 0; i < size; ++i) {
      if (std::memcmp(&a[i], &b[i], sizeof(float)) == 0) continue;
      AddPair({difference.values + i, a[i], b[i]}, difference);
    }
  }
  difference.values += size;
}

}  // namespace pedigree
