// Rates and intervals as decimal strings: integer or correctly rounded binary64
// arithmetic only, so every machine writes the same digits.

#ifndef PEDIGREE_RUNTIME_EVALUATION_STATISTICS_H_
#define PEDIGREE_RUNTIME_EVALUATION_STATISTICS_H_

#include <cstdint>
#include <string>

namespace pedigree {

// `millionths` / 10^6 with six digits after the point: 666667 is "0.666667".
std::string FormatMillionths(uint64_t millionths);

// passed / cases, rounded half to even to six digits. 0 < cases < 2^40 and
// passed <= cases.
std::string PassRate(uint64_t passed, uint64_t cases);

// Bounds on the rate that `passed` of `cases` is a sample of.
struct Interval {
  std::string lower;
  std::string upper;
};

// The Wilson score interval at 95 % (z = 1.959963984540054, no continuity
// correction). The only noise it speaks of is the choice of cases: the runtime
// itself has none. 0 < cases < 2^40 and passed <= cases.
// Source: Wilson 1927, "Probable inference, the law of succession, and
// statistical inference".
Interval WilsonInterval(uint64_t passed, uint64_t cases);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_STATISTICS_H_
