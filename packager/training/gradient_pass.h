// Losses of a model on token sequences, and the gradients of what is trained.
// Specification: docs/training.md, "Forward", "Loss", "Backward".

#ifndef PEDIGREE_PACKAGER_TRAINING_GRADIENT_PASS_H_
#define PEDIGREE_PACKAGER_TRAINING_GRADIENT_PASS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/training/trained_model.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// One text as tokens: each from `first_target` on is to be told from those
// before it.
struct TrainingSequence {
  // At least 2; all but the last are inputs, at most max_context.
  absl::Span<const uint32_t> ids;
  // 1..ids.size() - 1.
  size_t first_target = 1;

  size_t inputs() const { return ids.size() - 1; }
  size_t targets() const { return ids.size() - first_target; }
};

struct BatchLoss {
  // Sum over all targets of -log(probability).
  double sum = 0;
  uint64_t targets = 0;
  // Whether all activations were; else `sum` says nothing.
  bool finite = true;

  double mean() const { return sum / static_cast<double>(targets); }
};

// Runs batches through a model. Neither the threads nor the target change a bit
// of any result. Takes about 20 x layers x (3 x hidden_size + ffn_size) bytes a
// token of the largest batch.
class GradientPass {
 public:
  // Borrows both. The target is one of SupportedTargets().
  GradientPass(TrainedModel* model, ThreadPool* pool, Target target);
  ~GradientPass();
  GradientPass(const GradientPass&) = delete;
  GradientPass& operator=(const GradientPass&) = delete;

  // The batch's loss; sets the gradients of its mean.
  //
  // Errors: code ResourceLimit.
  absl::StatusOr<BatchLoss> RunBatch(absl::Span<const TrainingSequence> batch);

  // The loss alone. Errors: as above.
  absl::StatusOr<BatchLoss> RunForward(
      absl::Span<const TrainingSequence> batch);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_GRADIENT_PASS_H_
