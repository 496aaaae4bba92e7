#include "runtime/model/transformer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/testing/tiny_model.h"

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

// A second reading of "Model type 1": all positions at once, in binary64, with
// libm, no cache and dequantized weights.
class WideTransformer {
 public:
  WideTransformer(const ModelShape& shape, const Weights& weights)
      : shape_(shape), weights_(weights) {}

  // The logits behind the last of `tokens`.
  Vector Run(const std::vector<uint32_t>& tokens) const {
    std::vector<Vector> xs;
    for (uint32_t token : tokens) xs.push_back(Row(weights_.embeddings(), token));
    for (int layer = 0; layer < static_cast<int>(shape_.layer_count); ++layer) {
      Attend(layer, xs);
      for (Vector& x : xs) FeedForward(layer, x);
    }
    return Multiply(weights_.output(), Normalize(xs.back(), weights_.norm(),
                                                 shape_.rms_norm_epsilon));
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

// The logits behind each of `tokens`.
absl::StatusOr<std::vector<std::vector<float>>> RunAll(
    const Model& model, const Weights& weights,
    const std::vector<uint32_t>& tokens) {
  absl::StatusOr<Transformer> transformer =
      Transformer::Create(model.shape());
  if (!transformer.ok()) return transformer.status();
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const absl::StatusOr<absl::Span<const float>> logits =
        transformer->Forward(weights, tokens[i], static_cast<uint32_t>(i),
                             Logits::kCompute);
    if (!logits.ok()) return logits.status();
    all.emplace_back(logits->begin(), logits->end());
  }
  return all;
}

const std::vector<uint32_t>& Tokens() {
  static const auto& tokens = *new std::vector<uint32_t>{
      256, 72, 101, 108, 108, 111, 0, 255, 7, 7, 32, 200};
  return tokens;
}

struct LoadedModel {
  explicit LoadedModel(const TinyModelOptions& options)
      : file(TinyModel(options)),
        model(*Model::Load(AsBytes(file.text()))) {}
  AlignedBytes file;
  std::unique_ptr<const Model> model;
};

// Half the distance that quantized activations may move the logits of these
// models; f32 differs by rounding alone.
double Tolerance(DType dtype) { return dtype == DType::kF32 ? 2e-5 : 0.15; }

class TransformerTypeTest
    : public testing::TestWithParam<std::pair<DType, bool>> {};

TEST_P(TransformerTypeTest, AgreesWithASecondReadingInDoublePrecision) {
  TinyModelOptions options;
  options.dtype = GetParam().first;
  options.tied_output = GetParam().second;
  const LoadedModel loaded(options);
  const Model& model = *loaded.model;
  const auto all = RunAll(model, model.weights(), Tokens());
  ASSERT_TRUE(all.ok()) << all.status();
  const WideTransformer wide(model.shape(), model.weights());
  for (size_t length : {size_t{1}, size_t{2}, Tokens().size()}) {
    const Vector exact = wide.Run(
        std::vector<uint32_t>(Tokens().begin(), Tokens().begin() + length));
    ASSERT_EQ(exact.size(), (*all)[length - 1].size());
    for (size_t i = 0; i < exact.size(); ++i) {
      EXPECT_NEAR((*all)[length - 1][i], exact[i], Tolerance(options.dtype))
          << "token " << length << " logit " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, TransformerTypeTest,
    testing::Values(std::pair(DType::kF32, false), std::pair(DType::kF32, true),
                    std::pair(DType::kQ8_0, false),
                    std::pair(DType::kQ8_0, true),
                    std::pair(DType::kQ4_0, false),
                    std::pair(DType::kQ4_0, true)));

// The logits' bits on the machine where numerics v1 was written down. Another
// value here is another numerics version.
struct Golden {
  DType dtype;
  uint32_t block_size;
  uint64_t checksum;
};

class TransformerGoldenTest : public testing::TestWithParam<Golden> {};

TEST_P(TransformerGoldenTest, LogitsAreTheSameBitsEverywhere) {
  TinyModelOptions options;
  options.dtype = GetParam().dtype;
  options.block_size = GetParam().block_size;
  // 160 columns: blocks of 20 cross the 32 that share an activation scale.
  options.hidden_size = 160;
  options.ffn_size = 160;
  options.head_dim = 20;
  options.head_count = 8;
  const LoadedModel loaded(options);
  const auto all =
      RunAll(*loaded.model, loaded.model->weights(), Tokens());
  ASSERT_TRUE(all.ok()) << all.status();
  std::string bits;
  for (const std::vector<float>& logits : *all) {
    for (float logit : logits) AppendLittleEndian(logit, bits);
  }
  EXPECT_EQ(absl::StrCat(absl::Hex(Checksum(AsBytes(bits)))),
            absl::StrCat(absl::Hex(GetParam().checksum)));
}

// Recorded from the scalar reference of docs/numerics.md, built by clang for
// x86-64: any target and kernel must give these bits.
INSTANTIATE_TEST_SUITE_P(
    AllTypes, TransformerGoldenTest,
    testing::Values(Golden{DType::kF32, 0, 0xd6b0a95a72d2a8c2},
                    Golden{DType::kQ8_0, 0, 0xff0e0c8998038ea7},
                    Golden{DType::kQ8_0, 32, 0xfcb99f983407771d},
                    Golden{DType::kQ4_0, 32, 0x698961c3a8cef9d9},
                    Golden{DType::kQ4_0, 20, 0xe02ccb4829206922},
                    Golden{DType::kQ4_0, 160, 0x0f268c7c05d8cc40}));

TEST(TransformerTest, SkippingLogitsChangesNothingElse) {
  const LoadedModel loaded({});
  const Model& model = *loaded.model;
  const auto all = RunAll(model, model.weights(), Tokens());
  ASSERT_TRUE(all.ok());
  absl::StatusOr<Transformer> transformer = Transformer::Create(model.shape());
  ASSERT_TRUE(transformer.ok());
  const uint32_t last = static_cast<uint32_t>(Tokens().size() - 1);
  for (uint32_t i = 0; i < last; ++i) {
    const auto logits =
        transformer->Forward(model.weights(), Tokens()[i], i, Logits::kSkip);
    ASSERT_TRUE(logits.ok());
    EXPECT_TRUE(logits->empty());
  }
  const auto logits = transformer->Forward(model.weights(), Tokens()[last],
                                           last, Logits::kCompute);
  ASSERT_TRUE(logits.ok());
  EXPECT_EQ(std::vector<float>(logits->begin(), logits->end()), all->back());
}

TEST(TransformerTest, RefusesAPositionPastTheContext) {
  TinyModelOptions options;
  options.max_context = 2;
  const LoadedModel loaded(options);
  const absl::Status status =
      RunAll(*loaded.model, loaded.model->weights(), {1, 2, 3}).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kContextExceeded);
  EXPECT_EQ(status.message(), "Position 2 is past max_context 2");
}

struct Overflow {
  std::string tensor;
  std::string place;
};

class TransformerOverflowTest : public testing::TestWithParam<Overflow> {};

// Makes one tensor so large that what it feeds leaves the range of f32.
TEST_P(TransformerOverflowTest, NamesThePlace) {
  const LoadedModel loaded({});
  const Model& model = *loaded.model;
  const int index =
      model.reader().FindTensor(TensorNameHash(GetParam().tensor));
  ASSERT_GE(index, 0);
  const TensorView& view = model.weights().tensors()[index];
  std::vector<float> huge(view.rows * view.columns);
  for (uint64_t row = 0; row < view.rows; ++row) {
    DequantizeRow(view, row,
                  absl::MakeSpan(huge).subspan(row * view.columns,
                                               view.columns));
  }
  for (float& value : huge) {
    value = value < 0 ? -3e38f : 3e38f;
  }
  Weights weights = model.weights();
  weights.Replace(index, ViewF32(huge, view.rows, view.columns));
  const absl::Status status = RunAll(model, weights, {5, 6}).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kGenerationFailed);
  EXPECT_EQ(status.message(),
            absl::StrCat("Activation is not finite: ", GetParam().place));
}

INSTANTIATE_TEST_SUITE_P(
    AllPlaces, TransformerOverflowTest,
    testing::Values(
        Overflow{"tok_embeddings.weight", "layers.0.attn_norm"},
        Overflow{"layers.0.wq.weight", "layers.0.wq"},
        Overflow{"layers.0.wk.weight", "layers.0.wk"},
        Overflow{"layers.1.wv.weight", "layers.1.wv"},
        Overflow{"layers.0.w1.weight", "layers.0.w1"},
        Overflow{"layers.1.w3.weight", "layers.1.w3"},
        Overflow{"output.weight", "logits"}));

}  // namespace
}  // namespace pedigree
