#include "evaluator/calibration.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

constexpr size_t kBins = 10;

struct Bin {
  uint64_t cases = 0;
  uint64_t right = 0;
  double probability = 0;
};

bool IsChoiceResult(const evaluator::CaseResult& result) {
  const std::optional<Scorer> scorer = FindScorer(result.scorer());
  return scorer.has_value() && IsChoice(*scorer) &&
         result.stop_reason() == kScored;
}

// The softmax of the log-likelihoods, in their order.
std::vector<double> Probabilities(const evaluator::CaseResult& result) {
  const bool normalized =
      FindScorer(result.scorer()) == Scorer::kChoiceNormalized;
  std::vector<double> values;
  for (const evaluator::Likelihood& text : result.likelihoods()) {
    const std::optional<int64_t> nats =
        ParseMillionths(text.log_likelihood(), /*may_be_negative=*/true);
    PEDIGREE_CHECK(nats.has_value());
    values.push_back(static_cast<double>(*nats) * 1e-6 /
                     (normalized ? static_cast<double>(text.bytes()) : 1.0));
  }
  const double largest = *std::max_element(values.begin(), values.end());
  double total = 0;
  for (double& value : values) {
    value = Exp(value - largest);
    total += value;
  }
  for (double& value : values) value /= total;
  return values;
}

uint64_t ToMillionths(double value) {
  return static_cast<uint64_t>(RoundHalfEven(value * 1e6));
}

}  // namespace

Calibration MeasureCalibration(const evaluator::Sidecar& sidecar) {
  Calibration calibration;
  std::array<Bin, kBins> bins;
  double brier = 0;
  for (const evaluator::CaseResult& result : sidecar.cases()) {
    if (!IsChoiceResult(result)) continue;
    const std::vector<double> probabilities = Probabilities(result);
    double chosen = 0;
    for (int i = 0; i < result.likelihoods_size(); ++i) {
      const std::string& digest = result.likelihoods(i).text_digest();
      const double probability = probabilities[i];
      const double miss =
          digest == result.expected_digest() ? 1.0 - probability : probability;
      brier += miss * miss;
      if (digest == result.actual_digest()) chosen = probability;
    }
    calibration.cases += 1;
    Bin& bin = bins[std::min(kBins - 1,
                             static_cast<size_t>(chosen * kBins))];
    bin.cases += 1;
    bin.right += result.passed() ? 1 : 0;
    bin.probability += chosen;
  }
  if (calibration.cases == 0) return calibration;
  double error = 0;
  for (const Bin& bin : bins) {
    const double gap = static_cast<double>(bin.right) - bin.probability;
    error += gap < 0 ? -gap : gap;
  }
  const auto cases = static_cast<double>(calibration.cases);
  calibration.brier_score = ToMillionths(brier / cases);
  calibration.error = ToMillionths(error / cases);
  return calibration;
}

}  // namespace pedigree
