#include "packager/training/trainer.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/training/data_order.h"
#include "packager/training/gradient_pass.h"
#include "packager/training/optimizer.h"
#include "runtime/base/float_text.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Validation texts that run together.
constexpr size_t kValidationBatch = 64;

std::string Text(double value) {
  return FloatText(static_cast<float>(value));
}

// The mean loss of what was added since the last Take.
struct LossSum {
  double sum = 0;
  double targets = 0;

  void Add(const BatchLoss& loss) {
    sum += loss.sum;
    targets += static_cast<double>(loss.targets);
  }
  double Take() {
    const double mean = sum / targets;
    *this = LossSum();
    return mean;
  }
};

class Training {
 public:
  Training(const TrainingSettings& settings, const TrainingData& data,
           const TrainingData& validation, ThreadPool* pool, Target target,
           TrainedModel* model)
      : settings_(settings),
        data_(data),
        validation_(validation),
        order_(settings.seed, data.size()),
        pass_(model, pool, target),
        optimizer_(Parameters(*model), settings.optimizer, pool, target) {
    for (const Parameter& parameter : Parameters(*model)) {
      record_.trained_parameters += parameter.weights.size();
    }
  }

  absl::Status Step(uint32_t step, BatchLoss& loss) {
    batch_.clear();
    for (uint32_t i = 0; i < settings_.batch; ++i) {
      batch_.push_back(data_.sequence(order_.Next()));
      record_.tokens += batch_.back().inputs();
    }
    PEDIGREE_ASSIGN_OR_RETURN(loss, pass_.RunBatch(batch_));
    if (!loss.finite) return Diverged(step, "an activation is not finite");
    const double rate = LearningRate(settings_.schedule, step);
    const double norm = optimizer_.Step(rate);
    if (!(norm <= 1e300)) return Diverged(step, "a gradient is not finite");
    record_.target_tokens += loss.targets;
    since_point_.Add(loss);
    last_loss_ = loss.mean();
    if (step % settings_.report_every != 0 && step != settings_.schedule.steps) {
      return absl::OkStatus();
    }
    return AddPoint(step);
  }

  TrainingRecord& record() { return record_; }

 private:
  absl::Status Diverged(uint32_t step, std::string_view what) const {
    return absl::FailedPreconditionError(absl::StrCat(
        "Training diverged: ", what, " at step ", step, " (loss ",
        step == 1 ? "nan" : Text(last_loss_), " in the step before)"));
  }

  absl::Status AddPoint(uint32_t step) {
    LossPoint point;
    point.step = step;
    point.loss = since_point_.Take();
    if (!record_.curve.empty() &&
        !(point.loss <= 2 * record_.curve.front().loss + 1)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "Training diverged: mean loss ", Text(point.loss), " up to step ",
          step, " (", Text(record_.curve.front().loss), " up to step ",
          record_.curve.front().step, ")"));
    }
    if (validation_.size() > 0) {
      PEDIGREE_ASSIGN_OR_RETURN(point.validation_loss, Validate(step));
    }
    record_.curve.push_back(point);
    return absl::OkStatus();
  }

  absl::StatusOr<double> Validate(uint32_t step) {
    LossSum loss;
    for (size_t first = 0; first < validation_.size();
         first += kValidationBatch) {
      batch_.clear();
      const size_t end =
          std::min(first + kValidationBatch, validation_.size());
      for (size_t i = first; i < end; ++i) {
        batch_.push_back(validation_.sequence(i));
      }
      PEDIGREE_ASSIGN_OR_RETURN(const BatchLoss part,
                                pass_.RunForward(batch_));
      if (!part.finite) {
        return Diverged(step, "an activation of validation is not finite");
      }
      loss.Add(part);
    }
    return loss.Take();
  }

  const TrainingSettings& settings_;
  const TrainingData& data_;
  const TrainingData& validation_;
  DataOrder order_;
  GradientPass pass_;
  AdamW optimizer_;
  std::vector<TrainingSequence> batch_;
  LossSum since_point_;
  double last_loss_ = 0;
  TrainingRecord record_;
};

}  // namespace

absl::StatusOr<TrainingRecord> Train(const TrainingSettings& settings,
                                     const TrainingData& data,
                                     const TrainingData& validation,
                                     ThreadPool* pool, Target target,
                                     const ReportTraining& report,
                                     TrainedModel* model) {
  Training training(settings, data, validation, pool, target, model);
  const uint32_t steps = settings.schedule.steps;
  for (uint32_t step = 1; step <= steps; ++step) {
    BatchLoss loss;
    PEDIGREE_RETURN_IF_ERROR(training.Step(step, loss));
    if (report != nullptr) {
      report({step, steps, training.record().tokens, loss.mean()});
    }
  }
  return training.record();
}

}  // namespace pedigree
