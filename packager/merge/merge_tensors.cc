#include "packager/merge/merge_tensors.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "packager/split_mix.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

constexpr std::pair<MergeMethod, std::string_view> kMethods[] = {
    {MergeMethod::kSoup, "soup"},
    {MergeMethod::kTaskArithmetic, "task_arithmetic"},
    {MergeMethod::kSlerp, "slerp"},
    {MergeMethod::kTies, "ties"},
    {MergeMethod::kDare, "dare"},
    {MergeMethod::kDareTies, "dare_ties"},
};

// Above this cosine of the angle between them, two tensors are so nearly
// parallel that the arc is a line.
constexpr double kParallel = 0.9995;

// The angle of a cosine in [-1, 1], by Newton's method on the cosine: libm's
// acos is not the same everywhere. The cosine is at most kParallel in
// magnitude here, so its slope is never near 0.
double Angle(double cosine) {
  constexpr double kHalfTurn = 3.14159265358979323846;
  double angle = kHalfTurn / 2 - cosine;
  for (int i = 0; i < 60; ++i) {
    angle += (Cos(angle) - cosine) / Sin(angle);
  }
  return angle;
}

// The nearest whole number, halves to even, of 0 <= x < 2^51.
uint64_t Round(double x) {
  constexpr double kTwoTo52Times1_5 = 6755399441055744.0;
  return static_cast<uint64_t>((x + kTwoTo52Times1_5) - kTwoTo52Times1_5);
}

double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

}  // namespace

std::string_view MergeMethodName(MergeMethod method) {
  for (const auto& [value, name] : kMethods) {
    if (value == method) return name;
  }
  return "";
}

std::optional<MergeMethod> FindMergeMethod(std::string_view name) {
  for (const auto& [value, method_name] : kMethods) {
    if (method_name == name) return value;
  }
  return std::nullopt;
}

bool HasBase(MergeMethod method) {
  return method != MergeMethod::kSoup && method != MergeMethod::kSlerp;
}

bool HasDensity(MergeMethod method) {
  return method == MergeMethod::kTies || method == MergeMethod::kDare ||
         method == MergeMethod::kDareTies;
}

TensorMerge::TensorMerge(const MergeSettings& settings,
                         std::string_view tensor_name,
                         absl::Span<const float> base,
                         std::vector<absl::Span<const float>> models)
    : settings_(settings), base_(base), models_(std::move(models)) {
  switch (settings_.method) {
    case MergeMethod::kSoup: {
      double sum = 0;
      for (const float weight : settings_.weights) sum += weight;
      for (const float weight : settings_.weights) {
        factors_.push_back(weight / sum);
      }
      break;
    }
    case MergeMethod::kSlerp:
      PlanSlerp();
      break;
    case MergeMethod::kTies:
      PlanTrim();
      break;
    case MergeMethod::kDare:
    case MergeMethod::kDareTies:
      for (size_t i = 0; i < models_.size(); ++i) {
        states_.push_back(SplitMix(settings_.seed, i) ^
                          TensorNameHash(tensor_name));
      }
      break;
    case MergeMethod::kTaskArithmetic:
      break;
  }
}

void TensorMerge::PlanSlerp() {
  const double t = settings_.interpolation;
  factors_ = {1 - t, t};
  const double norms =
      __builtin_sqrt(Dot(models_[0], models_[0])) *
      __builtin_sqrt(Dot(models_[1], models_[1]));
  if (norms == 0) return;
  const double cosine = Dot(models_[0], models_[1]) / norms;
  if (std::abs(cosine) > kParallel) return;
  const double angle = Angle(cosine);
  const double sine = Sin(angle);
  factors_ = {Sin((1 - t) * angle) / sine, Sin(t * angle) / sine};
}

// By model: the largest differences are kept, a share of `density`, rounded to
// a whole number. Of equal ones at the end of that, those of low index.
void TensorMerge::PlanTrim() {
  const uint64_t count = base_.size();
  const uint64_t kept = Round(static_cast<double>(settings_.density) *
                              static_cast<double>(count));
  std::vector<float> magnitudes(count);
  for (const absl::Span<const float> model : models_) {
    Threshold& threshold = thresholds_.emplace_back();
    if (kept == count) {
      threshold.ties_before = count;
      continue;
    }
    for (uint64_t i = 0; i < count; ++i) {
      magnitudes[i] = std::abs(model[i] - base_[i]);
    }
    const std::vector<float> in_order = magnitudes;
    std::nth_element(magnitudes.begin(), magnitudes.begin() + kept,
                     magnitudes.end(), std::greater<>());
    threshold.magnitude = magnitudes[kept];
    uint64_t left = kept;
    for (const float magnitude : in_order) {
      if (magnitude > threshold.magnitude) --left;
    }
    for (uint64_t i = 0; left > 0; ++i) {
      if (in_order[i] == threshold.magnitude) --left;
      threshold.ties_before = i + 1;
    }
  }
}

double TensorMerge::Difference(size_t model, uint64_t index) const {
  const double difference = static_cast<double>(models_[model][index]) -
                            static_cast<double>(base_[index]);
  switch (settings_.method) {
    case MergeMethod::kTies: {
      const float magnitude = std::abs(models_[model][index] - base_[index]);
      const Threshold& threshold = thresholds_[model];
      const bool kept = magnitude > threshold.magnitude ||
                        (magnitude == threshold.magnitude &&
                         index < threshold.ties_before);
      return kept ? difference : 0;
    }
    case MergeMethod::kDare:
    case MergeMethod::kDareTies: {
      constexpr double kTwoTo53 = 9007199254740992.0;
      const double density = settings_.density;
      const auto random =
          static_cast<double>(SplitMix(states_[model], index) >> 11);
      return random < density * kTwoTo53 ? difference / density : 0;
    }
    default:
      return difference;
  }
}

double TensorMerge::DifferenceSum(uint64_t index) const {
  double sum = 0;
  for (size_t i = 0; i < models_.size(); ++i) {
    sum += settings_.weights[i] * Difference(i, index);
  }
  return sum;
}

// The weighted mean of the differences whose sign is that of the sum of all.
double TensorMerge::ElectedMean(uint64_t index) const {
  const double elected = DifferenceSum(index);
  double sum = 0;
  double weights = 0;
  for (size_t i = 0; i < models_.size(); ++i) {
    const double difference = Difference(i, index);
    if (difference == 0 || elected == 0) continue;
    if ((difference > 0) != (elected > 0)) continue;
    sum += settings_.weights[i] * difference;
    weights += settings_.weights[i];
  }
  return weights == 0 ? 0 : sum / weights;
}

void TensorMerge::Merge(uint64_t first, absl::Span<float> out) const {
  const MergeMethod method = settings_.method;
  const bool elects =
      method == MergeMethod::kTies || method == MergeMethod::kDareTies;
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t index = first + i;
    double value = 0;
    if (!HasBase(method)) {
      for (size_t m = 0; m < models_.size(); ++m) {
        value += factors_[m] * models_[m][index];
      }
    } else {
      value = base_[index] +
              settings_.lambda *
                  (elects ? ElectedMean(index) : DifferenceSum(index));
    }
    out[i] = static_cast<float>(value);
  }
}

}  // namespace pedigree
