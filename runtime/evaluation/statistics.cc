#include "runtime/evaluation/statistics.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"

namespace pedigree {
namespace {

constexpr uint64_t kMillion = 1000000;

// `value` in [0, 1], rounded half to even to six digits.
std::string FormatUnit(double value) {
  const double scaled = value * static_cast<double>(kMillion);
  uint64_t millionths = static_cast<uint64_t>(scaled);
  const double rest = scaled - static_cast<double>(millionths);
  if (rest > 0.5 || (rest == 0.5 && millionths % 2 == 1)) ++millionths;
  return FormatMillionths(millionths);
}

}  // namespace

std::string FormatMillionths(uint64_t millionths) {
  const std::string digits = absl::StrCat(kMillion + millionths % kMillion);
  return absl::StrCat(millionths / kMillion, ".", digits.substr(1));
}

std::string PassRate(uint64_t passed, uint64_t cases) {
  PEDIGREE_CHECK(cases > 0 && passed <= cases && cases < uint64_t{1} << 40);
  const uint64_t scaled = passed * kMillion;
  const uint64_t rest = scaled % cases;
  uint64_t millionths = scaled / cases;
  if (2 * rest > cases || (2 * rest == cases && millionths % 2 == 1)) {
    ++millionths;
  }
  return FormatMillionths(millionths);
}

Interval WilsonInterval(uint64_t passed, uint64_t cases) {
  PEDIGREE_CHECK(cases > 0 && passed <= cases && cases < uint64_t{1} << 40);
  constexpr double kZ = 1.959963984540054;
  constexpr double kZ2 = kZ * kZ;
  const double n = static_cast<double>(cases);
  const double p = static_cast<double>(passed) / n;
  const double center = p + kZ2 / (2.0 * n);
  const double spread =
      kZ * __builtin_sqrt(p * (1.0 - p) / n + kZ2 / (4.0 * n * n));
  const double scale = 1.0 + kZ2 / n;
  // At the ends one bound is the end itself, which the sums may miss by a bit.
  const double lower = passed == 0 ? 0.0 : (center - spread) / scale;
  const double upper = passed == cases ? 1.0 : (center + spread) / scale;
  return {FormatUnit(lower), FormatUnit(upper)};
}

}  // namespace pedigree
