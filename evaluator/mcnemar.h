// The exact McNemar test: does one of two models, run on the same cases, pass
// fewer than chance explains?

#ifndef PEDIGREE_EVALUATOR_MCNEMAR_H_
#define PEDIGREE_EVALUATOR_MCNEMAR_H_

#include <cstdint>
#include <string>

namespace pedigree {

// A p-value, exact: only its text is rounded.
struct PValue {
  // Half to even, six digits: "0.000000" for less than 5e-7.
  std::string text;
  // Whether it is at most the limit that was asked about.
  bool at_most_limit = false;
};

// The one-sided p-value of losing `lost` cases and gaining `gained`: the
// probability of `lost` or more heads in lost + gained throws of a fair coin.
// 1 when nothing changed. lost + gained < 2^17; limit_millionths is the limit
// times 10^6, at most 10^6.
//
// Source: McNemar 1947, "Note on the sampling error of the difference between
// correlated proportions or percentages"; the exact form is the sign test.
PValue McNemarPValue(uint32_t lost, uint32_t gained, uint32_t limit_millionths);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_MCNEMAR_H_
