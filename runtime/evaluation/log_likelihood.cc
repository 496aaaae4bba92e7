#include "runtime/evaluation/log_likelihood.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/check.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/tensor/math.h"

namespace pedigree {

double LogProbability(absl::Span<const float> logits,
                      const std::vector<bool>& excluded, uint32_t target) {
  PEDIGREE_CHECK(logits.size() == excluded.size() && !excluded[target]);
  float largest = logits[target];
  for (size_t id = 0; id < logits.size(); ++id) {
    if (!excluded[id]) largest = std::max(largest, logits[id]);
  }
  double total = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (!excluded[id]) total += Exp(double{logits[id]} - double{largest});
  }
  return double{logits[target]} - double{largest} - Log(total);
}

std::optional<int64_t> RoundLogLikelihood(double nats) {
  const double millionths = nats * 1e6;
  if (!(millionths >= static_cast<double>(kLeastLogLikelihood))) {
    return std::nullopt;
  }
  return std::min<int64_t>(0, RoundHalfEven(millionths));
}

size_t Likeliest(absl::Span<const Likelihood> likelihoods, bool normalized) {
  PEDIGREE_CHECK(!likelihoods.empty());
  size_t best = 0;
  for (size_t i = 1; i < likelihoods.size(); ++i) {
    const Likelihood& a = likelihoods[i];
    const Likelihood& b = likelihoods[best];
    // a / a.bytes > b / b.bytes, in integers: at most 10^13 x 2^16.
    const bool better =
        normalized ? a.log_likelihood * static_cast<int64_t>(b.bytes) >
                         b.log_likelihood * static_cast<int64_t>(a.bytes)
                   : a.log_likelihood > b.log_likelihood;
    if (better) best = i;
  }
  return best;
}

uint64_t BitsPerByte(int64_t log_likelihood, uint64_t bytes) {
  PEDIGREE_CHECK(bytes > 0 && log_likelihood <= 0);
  constexpr double kBitsPerNat = 1.4426950408889634;
  const double millionths = static_cast<double>(-log_likelihood) * kBitsPerNat /
                            static_cast<double>(bytes);
  return static_cast<uint64_t>(RoundHalfEven(millionths));
}

}  // namespace pedigree
