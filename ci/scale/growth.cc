#include "ci/scale/growth.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_format.h"

namespace pedigree {

std::optional<std::string> FasterThanLinear(const Growth& growth,
                                            const GrowthLimit& limit) {
  if (growth.size() < 3) return std::nullopt;
  auto first = growth.begin();
  auto second = std::next(first);
  for (auto third = std::next(second); third != growth.end();
       ++first, ++second, ++third) {
    const double base = Greatest(second->second);
    const double slope = std::max(0.0, (base - Least(first->second)) /
                                           (second->first - first->first));
    const double most =
        base + limit.tolerance * slope * (third->first - second->first) +
        limit.allowance + limit.share * base;
    const double found = Least(third->second);
    if (found > most) {
      return absl::StrFormat("%.0f at %d (%.0f at %d, so expected at most %.0f)",
                             found, third->first, base, second->first, most);
    }
  }
  return std::nullopt;
}

double Least(const std::vector<double>& rounds) {
  return *std::min_element(rounds.begin(), rounds.end());
}

double Greatest(const std::vector<double>& rounds) {
  return *std::max_element(rounds.begin(), rounds.end());
}

double Median(std::vector<double> rounds) {
  std::sort(rounds.begin(), rounds.end());
  return rounds[(rounds.size() - 1) / 2];
}

}  // namespace pedigree
