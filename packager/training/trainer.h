// The training loop. Specification: docs/training.md.

#ifndef PEDIGREE_PACKAGER_TRAINING_TRAINER_H_
#define PEDIGREE_PACKAGER_TRAINING_TRAINER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/training/trained_model.h"
#include "packager/training/training_config.h"
#include "packager/training/training_data.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// A point of the loss curve, behind `step` steps.
struct LossPoint {
  uint32_t step = 0;
  // Mean over the targets of the steps since the point before.
  double loss = 0;
  // Mean over all validation texts; none without any.
  std::optional<double> validation_loss;
};

struct TrainingRecord {
  uint64_t trained_parameters = 0;
  // Inputs and targets of all steps.
  uint64_t tokens = 0;
  uint64_t target_tokens = 0;
  std::vector<LossPoint> curve;
};

// Told of each step when it is done.
struct TrainingProgress {
  uint32_t step = 0;
  uint32_t steps = 0;
  uint64_t tokens = 0;
  double loss = 0;
};
using ReportTraining = std::function<void(const TrainingProgress&)>;

// Trains what Parameters(model) lists. `validation` may be empty, `report` null.
// Neither the threads nor the target change a bit of the result.
//
// Errors: kFailedPrecondition when training diverges, naming step and loss: an
// activation or gradient is not finite, or the mean loss of a stretch of the
// curve is more than twice that of the first, plus 1.
absl::StatusOr<TrainingRecord> Train(const TrainingSettings& settings,
                                     const TrainingData& data,
                                     const TrainingData& validation,
                                     ThreadPool* pool, Target target,
                                     const ReportTraining& report,
                                     TrainedModel* model);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TRAINER_H_
