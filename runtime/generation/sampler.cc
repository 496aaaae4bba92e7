#include "runtime/generation/sampler.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/float_text.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

bool Better(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

absl::Status OutOfRange(std::string_view setting, std::string_view value,
                        std::string_view range) {
  return MakeError(ErrorCode::kInvalidLength, "Invalid sampling: ", setting,
                   " is ", value, " (expected ", range, ")");
}

float Sum(absl::Span<const float> masses) {
  float sum = 0;
  for (float mass : masses) sum += mass;
  return sum;
}

// The first index at which the running sum passes `share` of the whole, or
// the last index.
size_t FindMass(absl::Span<const float> masses, float target) {
  float sum = 0;
  for (size_t i = 0; i < masses.size(); ++i) {
    sum += masses[i];
    if (sum > target) return i;
  }
  return masses.size() - 1;
}

}  // namespace

absl::Status ValidateSampling(const SamplingConfig& config) {
  if (!IsFinite(config.temperature) || config.temperature < 0) {
    return OutOfRange("temperature", FloatText(config.temperature),
                      "finite and at least 0");
  }
  if (config.top_k < 1 || config.top_k > kMaxTopK) {
    return OutOfRange("top_k", Concat(config.top_k), Concat("1..", kMaxTopK));
  }
  if (!(config.top_p > 0 && config.top_p <= 1)) {
    return OutOfRange("top_p", FloatText(config.top_p),
                      "above 0 and at most 1");
  }
  return absl::OkStatus();
}

std::vector<Candidate> TopCandidates(absl::Span<const float> logits,
                                     const std::vector<bool>& excluded,
                                     uint32_t count) {
  // A heap of the best so far, the worst of them in front.
  std::vector<Candidate> best;
  best.reserve(std::min<size_t>(count, logits.size()));
  for (uint32_t token = 0; token < logits.size(); ++token) {
    if (excluded[token]) continue;
    const Candidate candidate = {token, logits[token]};
    if (best.size() == count) {
      if (!Better(candidate, best.front())) continue;
      std::pop_heap(best.begin(), best.end(), Better);
      best.pop_back();
    }
    best.push_back(candidate);
    std::push_heap(best.begin(), best.end(), Better);
  }
  std::sort_heap(best.begin(), best.end(), Better);
  return best;
}

absl::StatusOr<uint32_t> Sampler::Sample(absl::Span<const float> logits) {
  const bool greedy = config_.temperature == 0 || config_.top_k == 1;
  if (greedy) {
    // Of almost all logits the largest may be chosen: no list is needed.
    const size_t best = kernels_->arg_max(logits.data(), logits.size());
    if (!excluded_[best]) return static_cast<uint32_t>(best);
  }
  const std::vector<Candidate> candidates =
      TopCandidates(logits, excluded_, greedy ? 1 : config_.top_k);
  if (candidates.empty()) {
    return MakeError(ErrorCode::kGenerationFailed,
                     "No token can be chosen: all ", logits.size(),
                     " ids are excluded");
  }
  return greedy ? candidates[0].token : Draw(candidates);
}

uint32_t Sampler::Draw(absl::Span<const Candidate> candidates) {
  std::vector<float> masses;
  masses.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    masses.push_back(ExpF((candidate.logit - candidates[0].logit) /
                          config_.temperature));
  }
  const float all = Sum(masses);
  if (!IsFinite(all) || !(all > 0)) return candidates[0].token;
  if (config_.top_p < 1) {
    masses.resize(FindMass(masses, config_.top_p * all) + 1);
  }
  return candidates[FindMass(masses, random_.NextUnit() * Sum(masses))].token;
}

}  // namespace pedigree
