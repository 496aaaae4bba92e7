#include "runtime/evaluation/divergence.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/check.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

// The tokens' distribution behind one row of logits.
struct Distribution {
  uint32_t top = 0;
  // ln of the sum of exp(logit).
  double log_total = 0;
};

Distribution MakeDistribution(absl::Span<const float> logits,
                              const std::vector<bool>& excluded) {
  Distribution distribution;
  bool found = false;
  for (uint32_t id = 0; id < logits.size(); ++id) {
    if (excluded[id]) continue;
    if (!found || logits[id] > logits[distribution.top]) distribution.top = id;
    found = true;
  }
  PEDIGREE_CHECK(found);
  const double largest = logits[distribution.top];
  double total = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (!excluded[id]) total += Exp(logits[id] - largest);
  }
  distribution.log_total = largest + Log(total);
  return distribution;
}

}  // namespace

DivergenceMeter::DivergenceMeter(std::vector<bool> excluded)
    : excluded_(std::move(excluded)) {}

void DivergenceMeter::Add(absl::Span<const float> parent,
                          absl::Span<const float> child, uint32_t target) {
  PEDIGREE_CHECK(parent.size() == excluded_.size() &&
                 child.size() == excluded_.size());
  PEDIGREE_CHECK(target < excluded_.size() && !excluded_[target]);
  const Distribution p = MakeDistribution(parent, excluded_);
  const Distribution q = MakeDistribution(child, excluded_);
  double kl = 0;
  for (size_t id = 0; id < excluded_.size(); ++id) {
    if (excluded_[id]) continue;
    const double log_p = parent[id] - p.log_total;
    const double log_q = child[id] - q.log_total;
    kl += Exp(log_p) * (log_p - log_q);
    const double difference = double{parent[id]} - double{child[id]};
    max_logit_difference_ =
        std::max({max_logit_difference_, difference, -difference});
  }
  // Never below zero, but for the rounding of the sum.
  kl_.push_back(std::max(kl, 0.0));
  if (p.top == q.top) ++same_top_token_;
  parent_loss_ += p.log_total - parent[target];
  child_loss_ += q.log_total - child[target];
}

Divergence DivergenceMeter::Result() const {
  PEDIGREE_CHECK(!kl_.empty());
  Divergence result;
  result.positions = kl_.size();
  const double count = static_cast<double>(kl_.size());
  double sum = 0;
  for (double kl : kl_) sum += kl;
  result.mean_kl = sum / count;
  std::vector<double> ascending = kl_;
  std::sort(ascending.begin(), ascending.end());
  // Rank ceil(0.99 n), counted from 1.
  result.kl_99th_percentile = ascending[(99 * kl_.size() + 99) / 100 - 1];
  result.max_kl = ascending.back();
  result.same_top_token = same_top_token_;
  result.max_logit_difference = max_logit_difference_;
  result.parent_perplexity = Exp(parent_loss_ / count);
  result.child_perplexity = Exp(child_loss_ / count);
  return result;
}

}  // namespace pedigree
