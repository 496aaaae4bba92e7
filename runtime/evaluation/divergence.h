// How far one model's predictions are from another's, position by position.

#ifndef PEDIGREE_RUNTIME_EVALUATION_DIVERGENCE_H_
#define PEDIGREE_RUNTIME_EVALUATION_DIVERGENCE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace pedigree {

// What was seen over all positions. P is the parent's distribution of the next
// token, Q the child's; KL is in nats.
struct Divergence {
  uint64_t positions = 0;
  double mean_kl = 0;
  // The least KL that 99 of 100 positions do not exceed.
  double kl_99th_percentile = 0;
  double max_kl = 0;
  // Positions where both find the same token likeliest.
  uint64_t same_top_token = 0;
  // Largest |parent - child| of one logit.
  double max_logit_difference = 0;
  // exp of the mean of -ln P(target) and -ln Q(target).
  double parent_perplexity = 0;
  double child_perplexity = 0;
};

// Collects positions in order. Computes in binary64 with the functions of
// runtime/tensor/math.h, so equal logits give equal figures on every machine.
class DivergenceMeter {
 public:
  // excluded[id] is true for ids that take no part in softmax; not all are.
  explicit DivergenceMeter(std::vector<bool> excluded);

  // Adds a position. `parent` and `child` are finite logits, shape [vocab_size],
  // of the same tokens; `target` is the token that follows and is not excluded.
  // KL(P || Q) = sum of P (ln P - ln Q); the likeliest token is the one of the
  // largest logit, of the lowest id on a tie.
  void Add(absl::Span<const float> parent, absl::Span<const float> child,
           uint32_t target);

  // Of the positions so far; at least one was added.
  Divergence Result() const;

 private:
  std::vector<bool> excluded_;
  std::vector<double> kl_;
  double parent_loss_ = 0;
  double child_loss_ = 0;
  double max_logit_difference_ = 0;
  uint64_t same_top_token_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_DIVERGENCE_H_
