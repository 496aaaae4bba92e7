#include "runtime/evaluation/statistics.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/strip.h"
#include "runtime/base/check.h"
#include "runtime/base/concat.h"

namespace pedigree {
namespace {

constexpr uint64_t kMillion = 1000000;

// `value` in [0, 1], rounded half to even to six digits.
std::string FormatUnit(double value) {
  return FormatMillionths(static_cast<uint64_t>(
      RoundHalfEven(value * static_cast<double>(kMillion))));
}

}  // namespace

std::string FormatMillionths(uint64_t millionths) {
  const std::string digits = Concat(kMillion + millionths % kMillion);
  return Concat(millionths / kMillion, ".", digits.substr(1));
}

std::string FormatSignedMillionths(int64_t millionths) {
  if (millionths >= 0) {
    return FormatMillionths(static_cast<uint64_t>(millionths));
  }
  return Concat("-", FormatMillionths(0 - static_cast<uint64_t>(millionths)));
}

std::optional<int64_t> ParseMillionths(std::string_view text,
                                       bool may_be_negative) {
  const bool negative = may_be_negative && absl::ConsumePrefix(&text, "-");
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string fraction;
  if (point != text.npos) {
    fraction = std::string(text.substr(point + 1));
    if (fraction.empty() || fraction.size() > 6) return std::nullopt;
  }
  fraction.resize(6, '0');
  const std::string digits = Concat(whole, fraction);
  if (whole.empty() || whole.size() > 9) return std::nullopt;
  int64_t millionths = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    millionths = millionths * 10 + (c - '0');
  }
  return negative ? -millionths : millionths;
}

int64_t RoundHalfEven(double value) {
  const auto below = static_cast<int64_t>(value);
  const double rest = value - static_cast<double>(below);
  const double distance = rest < 0 ? -rest : rest;
  if (distance < 0.5 || (distance == 0.5 && below % 2 == 0)) return below;
  return rest < 0 ? below - 1 : below + 1;
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
