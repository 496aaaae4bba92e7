// AdamW with clipping by the global norm, and the learning rate's schedule.
// Specification: docs/training.md, "Optimizer".

#ifndef PEDIGREE_PACKAGER_TRAINING_OPTIMIZER_H_
#define PEDIGREE_PACKAGER_TRAINING_OPTIMIZER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "packager/training/kernels/training_kernels.h"
#include "packager/training/trained_model.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Linear from 0 to `peak` over the warm-up, then half a cosine to `last`.
struct Schedule {
  float peak = 0;
  float last = 0;
  uint32_t warmup_steps = 0;
  // At most 2^19.
  uint32_t steps = 0;
};

// Of step 1..schedule.steps.
double LearningRate(const Schedule& schedule, uint32_t step);

struct OptimizerSettings {
  float beta1 = 0.9f;
  float beta2 = 0.99f;
  float epsilon = 1e-8f;
  float weight_decay = 0;
  // The largest norm of a gradient; 0: any.
  float clip_norm = 0;
};

// Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization".
class AdamW {
 public:
  // `parameters` and `pool` are borrowed. The target is one of
  // SupportedTargets().
  AdamW(std::vector<Parameter> parameters, const OptimizerSettings& settings,
        ThreadPool* pool, Target target);

  // Moves all parameters by one step. Returns the gradient's norm before it was
  // clipped; when that is not finite, nothing is moved.
  double Step(double learning_rate);

 private:
  // Values that are summed, and moved, together.
  struct Chunk {
    size_t parameter = 0;
    size_t first = 0;
    size_t size = 0;
  };

  double GradientNorm();
  void MoveChunk(const Chunk& chunk, const AdamStep& step);
  // Calls work(index) for each chunk, on all threads.
  template <typename Work>
  void ForChunks(const Work& work);

  std::vector<Parameter> parameters_;
  OptimizerSettings settings_;
  ThreadPool& pool_;
  const TrainingKernels& kernels_;
  std::vector<Chunk> chunks_;
  std::vector<double> chunk_sums_;
  std::vector<Floats> first_moments_;
  std::vector<Floats> second_moments_;
  // beta1^t and beta2^t of the steps done.
  double beta1_power_ = 1;
  double beta2_power_ = 1;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_OPTIMIZER_H_
