#include "packager/training/testing/double_model.h"

#include <cmath>
#include <cstddef>

namespace pedigree {

DoubleModel::DoubleModel(const TrainedModel& model) : shape_(model.shape) {
  for (const TrainedTensor& tensor : model.tensors) {
    Tensor& copy = tensors_.emplace_back();
    copy.rows = tensor.rows();
    copy.columns = tensor.columns();
    copy.weights.assign(tensor.weights.begin(), tensor.weights.end());
    copy.rank = tensor.factors.rank;
    copy.scale = tensor.factors.scale;
    copy.a.assign(tensor.factors.a.begin(), tensor.factors.a.end());
    copy.b.assign(tensor.factors.b.begin(), tensor.factors.b.end());
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (!model.tensors[i].frozen()) {
      parameters_.push_back(&tensors_[i].weights);
    }
    if (tensors_[i].rank == 0) continue;
    parameters_.push_back(&tensors_[i].a);
    parameters_.push_back(&tensors_[i].b);
  }
}

DoubleModel::Vector DoubleModel::Multiply(const Tensor& tensor,
                                          const Vector& x) const {
  Vector y(tensor.rows);
  Vector down(tensor.rank);
  for (size_t k = 0; k < tensor.rank; ++k) {
    for (size_t i = 0; i < x.size(); ++i) {
      down[k] += tensor.a[k * x.size() + i] * x[i];
    }
  }
  for (size_t r = 0; r < y.size(); ++r) {
    for (size_t i = 0; i < x.size(); ++i) {
      y[r] += tensor.weights[r * x.size() + i] * x[i];
    }
    for (size_t k = 0; k < tensor.rank; ++k) {
      y[r] += tensor.scale * tensor.b[r * tensor.rank + k] * down[k];
    }
  }
  return y;
}

DoubleModel::Vector DoubleModel::Normalize(const Tensor& tensor,
                                           const Vector& x) const {
  double mean = 0;
  for (const double v : x) mean += v * v / static_cast<double>(x.size());
  Vector y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] / std::sqrt(mean + shape_.rms_norm_epsilon) *
           tensor.weights[i];
  }
  return y;
}

void DoubleModel::Rope(Vector& heads, size_t position) const {
  const size_t dim = shape_.head_dim;
  for (size_t i = 0; i < heads.size(); i += 2) {
    const double exponent =
        -static_cast<double>(i % dim) / static_cast<double>(dim);
    const double angle = static_cast<double>(position) *
                         std::pow(shape_.rope_theta, exponent);
    const double a = heads[i];
    const double b = heads[i + 1];
    heads[i] = a * std::cos(angle) - b * std::sin(angle);
    heads[i + 1] = a * std::sin(angle) + b * std::cos(angle);
  }
}

double DoubleModel::SequenceLoss(const TrainingSequence& sequence) const {
  const size_t dim = shape_.head_dim;
  const size_t heads_per_kv = shape_.head_count / shape_.kv_head_count;
  const size_t tokens = sequence.inputs();
  std::vector<Vector> x(tokens);
  for (size_t t = 0; t < tokens; ++t) {
    const double* row =
        tensors_[0].weights.data() + sequence.ids[t] * shape_.hidden_size;
    x[t].assign(row, row + shape_.hidden_size);
  }
  for (size_t layer = 0; layer < shape_.layer_count; ++layer) {
    const Tensor* tensor = &tensors_[1 + layer * kTensorsPerLayer];
    std::vector<Vector> q(tokens), k(tokens), v(tokens);
    for (size_t t = 0; t < tokens; ++t) {
      const Vector normed = Normalize(tensor[0], x[t]);
      q[t] = Multiply(tensor[1], normed);
      k[t] = Multiply(tensor[2], normed);
      v[t] = Multiply(tensor[3], normed);
      Rope(q[t], t);
      Rope(k[t], t);
    }
    for (size_t t = 0; t < tokens; ++t) {
      Vector attention(q[t].size());
      for (size_t h = 0; h < shape_.head_count; ++h) {
        const size_t kv = h / heads_per_kv * dim;
        Vector score(t + 1);
        double sum = 0;
        for (size_t s = 0; s <= t; ++s) {
          for (size_t i = 0; i < dim; ++i) {
            score[s] += q[t][h * dim + i] * k[s][kv + i];
          }
          score[s] = std::exp(score[s] / std::sqrt(static_cast<double>(dim)));
          sum += score[s];
        }
        for (size_t s = 0; s <= t; ++s) {
          for (size_t i = 0; i < dim; ++i) {
            attention[h * dim + i] += score[s] / sum * v[s][kv + i];
          }
        }
      }
      const Vector projected = Multiply(tensor[4], attention);
      for (size_t i = 0; i < x[t].size(); ++i) x[t][i] += projected[i];
    }
    for (size_t t = 0; t < tokens; ++t) {
      const Vector normed = Normalize(tensor[5], x[t]);
      Vector gate = Multiply(tensor[6], normed);
      const Vector up = Multiply(tensor[7], normed);
      for (size_t i = 0; i < gate.size(); ++i) {
        gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
      }
      const Vector down = Multiply(tensor[8], gate);
      for (size_t i = 0; i < x[t].size(); ++i) x[t][i] += down[i];
    }
  }
  const Tensor& norm = tensors_[1 + shape_.layer_count * kTensorsPerLayer];
  const Tensor& output =
      shape_.tied_output ? tensors_.front() : tensors_.back();
  double loss = 0;
  for (size_t t = sequence.first_target - 1; t < tokens; ++t) {
    const Vector logits = Multiply(output, Normalize(norm, x[t]));
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit);
    loss += std::log(sum) - logits[sequence.ids[t + 1]];
  }
  return loss;
}

double DoubleModel::MeanLoss(absl::Span<const TrainingSequence> batch) const {
  double loss = 0;
  double targets = 0;
  for (const TrainingSequence& sequence : batch) {
    loss += SequenceLoss(sequence);
    targets += static_cast<double>(sequence.targets());
  }
  return loss / targets;
}

}  // namespace pedigree
