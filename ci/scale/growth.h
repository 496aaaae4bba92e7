// How a cost grows with the size of what causes it, and when that is too fast.

#ifndef PEDIGREE_CI_SCALE_GROWTH_H_
#define PEDIGREE_CI_SCALE_GROWTH_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pedigree {

// What one cost came to, by size; an element a round, at least one each.
using Growth = std::map<int64_t, std::vector<double>>;

// How far from a straight line a cost may lie: for b n + c n^2 with a tolerance
// of 2 and sizes of 10, 100 and 1,000, the quadratic part at 1,000 may be about as
// large as the linear one.
struct GrowthLimit {
  // How many times steeper a step may be than the one before it.
  double tolerance = 1;
  // What may come on top of that: so much, and this share of what the size before
  // cost. A constant part that varies from round to round needs it.
  double allowance = 0;
  double share = 0;
};

// What grows faster than linearly, for people; nothing when all is well.
//
// Each size from the third on is held against the line through the two before it,
// made steeper by the tolerance. That line runs from the least value of its first
// size to the greatest of its second and is held against the least of the third, so
// that only what no round explains is a fault. Fewer than three sizes show nothing.
std::optional<std::string> FasterThanLinear(const Growth& growth,
                                            const GrowthLimit& limit);

// Of the values of some rounds, at least one. The median of two middle ones is the
// lower.
double Least(const std::vector<double>& rounds);
double Greatest(const std::vector<double>& rounds);
double Median(std::vector<double> rounds);

}  // namespace pedigree

#endif  // PEDIGREE_CI_SCALE_GROWTH_H_
