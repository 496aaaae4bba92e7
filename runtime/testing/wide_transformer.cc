#include "runtime/testing/wide_transformer.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

using Vector = std::vector<double>;

Vector Row(const TensorView& tensor, uint64_t row) {
  std::vector<float> values(tensor.columns);
  DequantizeRow(tensor, row, absl::MakeSpan(values));
  return Vector(values.begin(), values.end());
}

double Dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Vector Multiply(const TensorView& matrix, const Vector& x) {
  Vector out;
  for (uint64_t row = 0; row < matrix.rows; ++row) {
    out.push_back(Dot(Row(matrix, row), x));
  }
  return out;
}

Vector Normalize(const Vector& x, const TensorView& norm, double epsilon) {
  const Vector weight = Row(norm, 0);
  const double scale =
      1 / std::sqrt(Dot(x, x) / static_cast<double>(x.size()) + epsilon);
  Vector out;
  for (size_t i = 0; i < x.size(); ++i) out.push_back(x[i] * scale * weight[i]);
  return out;
}

void Add(const Vector& y, Vector& x) {
  for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

class WideTransformer {
 public:
  WideTransformer(const ModelShape& shape, const Weights& weights)
      : shape_(shape), weights_(weights) {}

  std::vector<Vector> Run(absl::Span<const uint32_t> tokens) const {
    std::vector<Vector> xs;
    for (uint32_t token : tokens) xs.push_back(Row(weights_.embeddings(), token));
    for (int layer = 0; layer < static_cast<int>(shape_.layer_count); ++layer) {
      Attend(layer, xs);
      for (Vector& x : xs) FeedForward(layer, x);
    }
    std::vector<Vector> logits;
    for (const Vector& x : xs) {
      logits.push_back(Multiply(weights_.output(),
                                Normalize(x, weights_.norm(),
                                          shape_.rms_norm_epsilon)));
    }
    return logits;
  }

 private:
  Vector Rotate(Vector x, size_t position) const {
    for (size_t i = 0; i < x.size(); i += 2) {
      const double pair = static_cast<double>(i % shape_.head_dim);
      const double angle = static_cast<double>(position) *
                           std::pow(shape_.rope_theta, -pair / shape_.head_dim);
      const double even = x[i];
      x[i] = even * std::cos(angle) - x[i + 1] * std::sin(angle);
      x[i + 1] = even * std::sin(angle) + x[i + 1] * std::cos(angle);
    }
    return x;
  }

  Vector Head(const Vector& x, uint32_t head) const {
    const auto begin = x.begin() + head * shape_.head_dim;
    return Vector(begin, begin + shape_.head_dim);
  }

  void Attend(int layer, std::vector<Vector>& xs) const {
    const auto tensor = [&](LayerTensor t) { return weights_.layer(layer, t); };
    std::vector<Vector> queries, keys, values;
    for (size_t t = 0; t < xs.size(); ++t) {
      const Vector x = Normalize(xs[t], tensor(LayerTensor::kAttnNorm),
                                 shape_.rms_norm_epsilon);
      queries.push_back(Rotate(Multiply(tensor(LayerTensor::kWq), x), t));
      keys.push_back(Rotate(Multiply(tensor(LayerTensor::kWk), x), t));
      values.push_back(Multiply(tensor(LayerTensor::kWv), x));
    }
    const uint32_t group = shape_.head_count / shape_.kv_head_count;
    for (size_t t = 0; t < xs.size(); ++t) {
      Vector out;
      for (uint32_t head = 0; head < shape_.head_count; ++head) {
        Vector mix(shape_.head_dim);
        double sum = 0;
        for (size_t s = 0; s <= t; ++s) {
          const double score =
              std::exp(Dot(Head(queries[t], head), Head(keys[s], head / group)) /
                       std::sqrt(shape_.head_dim));
          sum += score;
          const Vector value = Head(values[s], head / group);
          for (size_t i = 0; i < mix.size(); ++i) mix[i] += score * value[i];
        }
        for (double value : mix) out.push_back(value / sum);
      }
      Add(Multiply(tensor(LayerTensor::kWo), out), xs[t]);
    }
  }

  void FeedForward(int layer, Vector& x) const {
    const auto tensor = [&](LayerTensor t) { return weights_.layer(layer, t); };
    const Vector normed = Normalize(x, tensor(LayerTensor::kFfnNorm),
                                    shape_.rms_norm_epsilon);
    Vector gate = Multiply(tensor(LayerTensor::kW1), normed);
    const Vector up = Multiply(tensor(LayerTensor::kW3), normed);
    for (size_t i = 0; i < gate.size(); ++i) {
      gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    }
    Add(Multiply(tensor(LayerTensor::kW2), gate), x);
  }

  const ModelShape& shape_;
  const Weights& weights_;
};

}  // namespace

std::vector<std::vector<double>> WideLogits(const ModelShape& shape,
                                            const Weights& weights,
                                            absl::Span<const uint32_t> tokens) {
  return WideTransformer(shape, weights).Run(tokens);
}

}  // namespace pedigree
