// A model's loss in binary64, written for clarity and apart from the code under
// test: what finite differences are taken of.

#ifndef PEDIGREE_PACKAGER_TRAINING_TESTING_DOUBLE_MODEL_H_
#define PEDIGREE_PACKAGER_TRAINING_TESTING_DOUBLE_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "packager/training/gradient_pass.h"
#include "packager/training/trained_model.h"

namespace pedigree {

class DoubleModel {
 public:
  explicit DoubleModel(const TrainedModel& model);

  // Mean of -log(probability) over all targets.
  double MeanLoss(absl::Span<const TrainingSequence> batch) const;

  // What Parameters(model) lists, in that order. May be changed.
  const std::vector<std::vector<double>*>& parameters() { return parameters_; }

 private:
  using Vector = std::vector<double>;
  struct Tensor {
    size_t rows = 0;
    size_t columns = 0;
    Vector weights, a, b;
    size_t rank = 0;
    double scale = 0;
  };

  Vector Multiply(const Tensor& tensor, const Vector& x) const;
  Vector Normalize(const Tensor& tensor, const Vector& x) const;
  void Rope(Vector& heads, size_t position) const;
  double SequenceLoss(const TrainingSequence& sequence) const;

  ModelShape shape_;
  std::vector<Tensor> tensors_;
  std::vector<Vector*> parameters_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TESTING_DOUBLE_MODEL_H_
