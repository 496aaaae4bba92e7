// Rates and intervals as decimal strings: integer or correctly rounded binary64
// arithmetic only, so every machine writes the same digits.

#ifndef PEDIGREE_RUNTIME_EVALUATION_STATISTICS_H_
#define PEDIGREE_RUNTIME_EVALUATION_STATISTICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pedigree {

// `millionths` / 10^6 with six digits after the point: 666667 is "0.666667".
std::string FormatMillionths(uint64_t millionths);

// The same with "-" before what is less than 0: -1500000 is "-1.500000".
std::string FormatSignedMillionths(int64_t millionths);

// Millionths of a decimal with a digit before the point and at most six behind
// it, and "-" before it where `may_be_negative`; nothing for another text, or
// one of 10^9 or more.
std::optional<int64_t> ParseMillionths(std::string_view text,
                                       bool may_be_negative = false);

// `value`, |value| < 2^62, rounded half to even to an integer.
int64_t RoundHalfEven(double value);

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
