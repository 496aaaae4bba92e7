#include "runtime/bench/accuracy.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"
#include "runtime/conformance/generations.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/rope.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/testing/wide_transformer.h"

namespace pedigree {
namespace {

// Distance between the floats around |exact|.
template <typename Float>
long double Ulp(long double exact) {
  const Float below = static_cast<Float>(std::fabs(exact));
  const Float above =
      std::nextafter(below, std::numeric_limits<Float>::infinity());
  return static_cast<long double>(above) - static_cast<long double>(below);
}

void Note(double input, long double error, UlpError& worst) {
  ++worst.inputs;
  if (error <= static_cast<long double>(worst.largest)) return;
  worst.largest = static_cast<double>(error);
  worst.at = input;
}

template <typename Float>
void NoteUlp(double input, Float found, long double exact, UlpError& worst) {
  Note(input,
       std::fabs(static_cast<long double>(found) - exact) / Ulp<Float>(exact),
       worst);
}

float FromBits(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// Calls visit(x) for every `stride`-th float.
template <typename Visit>
void EveryFloat(uint32_t stride, Visit visit) {
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += stride) {
    visit(FromBits(static_cast<uint32_t>(bits)));
  }
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

uint64_t CountDifferent(const std::vector<float>& a,
                        const std::vector<float>& b) {
  if (SameBits(a, b)) return 0;
  uint64_t different = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    different += std::memcmp(&a[i], &b[i], sizeof(float)) != 0;
  }
  return different;
}

uint64_t SwiGluDifferences(const Kernels& kernels, const Kernels& reference,
                           const std::vector<float>& x) {
  const std::vector<float> ones(x.size(), 1);
  std::vector<float> found = x;
  std::vector<float> expected = x;
  kernels.swiglu(found.data(), ones.data(), x.size());
  reference.swiglu(expected.data(), ones.data(), x.size());
  return CountDifferent(found, expected);
}

// Two positions with scores 0 and x, x <= 0, and values (1, 0) and (0, 1): the
// second output is e^x / (1 + e^x).
void TwoScores(const Kernels& kernels, const std::vector<float>& x,
               std::vector<float>& out) {
  constexpr size_t kDim = 2;
  constexpr size_t kLanes = 16;
  float keys[kDim * kLanes] = {};
  keys[1] = 1;
  const float values[2 * kDim] = {1, 0, 0, 1};
  float scores[kLanes];
  float result[kDim];
  for (size_t i = 0; i < x.size(); ++i) {
    const float query[kDim] = {x[i], 0};
    AttentionHead head;
    head.keys = keys;
    head.values = values;
    head.head_dim = kDim;
    head.queries = query;
    head.query_stride = kDim;
    head.tokens = 1;
    head.first_position = 1;
    head.scale = 1;
    head.scores = scores;
    head.score_stride = kLanes;
    head.out = result;
    head.out_stride = kDim;
    kernels.attend(head);
    out[i] = result[1];
  }
}

uint64_t SoftmaxDifferences(const Kernels& kernels, const Kernels& reference,
                            const std::vector<float>& x) {
  std::vector<float> found(x.size());
  std::vector<float> expected(x.size());
  TwoScores(kernels, x, found);
  TwoScores(reference, x, expected);
  return CountDifferent(found, expected);
}

// --- Models ----------------------------------------------------------------

struct Shape {
  const char* name;
  uint32_t hidden_size;
  uint32_t layer_count;
  uint32_t head_count;
  uint32_t kv_head_count;
  uint32_t head_dim;
  uint32_t ffn_size;
  bool tied_output;
};
constexpr Shape kShapes[] = {
    {"64 wide, 5 layers", 64, 5, 8, 4, 8, 160, true},
    {"160 wide, 3 layers", 160, 3, 5, 1, 32, 416, false},
    {"288 wide, 6 layers", 288, 6, 6, 6, 48, 768, true},
};
struct Type {
  const char* name;
  DType dtype;
  uint32_t block_size;
};
constexpr Type kTypes[] = {{"f32", DType::kF32, 0},
                           {"q8_0 row", DType::kQ8_0, 0},
                           {"q8_0 block 32", DType::kQ8_0, 32},
                           {"q4_0 block 32", DType::kQ4_0, 32}};
constexpr int kTypeCount = sizeof(kTypes) / sizeof(kTypes[0]);

template <typename Float>
size_t ArgMax(absl::Span<const Float> values) {
  return static_cast<size_t>(
      std::max_element(values.begin(), values.end()) - values.begin());
}

// |found - exact| / |exact|.
double RelativeError(absl::Span<const float> found,
                     absl::Span<const double> exact) {
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const double d = static_cast<double>(found[i]) - exact[i];
    difference += d * d;
    norm += exact[i] * exact[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace

UlpError ExpFError(uint32_t stride) {
  UlpError worst;
  EveryFloat(stride, [&worst](float x) {
    if (!(x >= -103.97208f && x <= 88.72283f)) return;
    // In double all the way: the widest type would take ten times as long.
    const double exact = std::exp(static_cast<double>(x));
    const float rounded = static_cast<float>(exact);
    const float next =
        FromBits(__builtin_bit_cast(uint32_t, rounded) + 1);
    const double unit =
        static_cast<double>(next) - static_cast<double>(rounded);
    Note(static_cast<double>(x),
         std::fabs(static_cast<double>(ExpF(x)) - exact) / unit, worst);
  });
  return worst;
}

uint64_t ExponentialDifferences(const Kernels& kernels, uint32_t stride) {
  const Kernels& reference = *FindKernels(Target::kScalar);
  constexpr size_t kMany = 1 << 14;
  uint64_t different = 0;
  std::vector<float> gates;
  std::vector<float> scores;
  EveryFloat(stride, [&](float x) {
    if (std::isfinite(x)) gates.push_back(x);
    if (x >= -104 && x <= 0) scores.push_back(x);
    if (gates.size() == kMany) {
      different += SwiGluDifferences(kernels, reference, gates);
      gates.clear();
    }
    if (scores.size() == kMany) {
      different += SoftmaxDifferences(kernels, reference, scores);
      scores.clear();
    }
  });
  return different + SwiGluDifferences(kernels, reference, gates) +
         SoftmaxDifferences(kernels, reference, scores);
}

UlpError ExpError(uint32_t count) {
  UlpError worst;
  for (uint32_t i = 0; i <= count; ++i) {
    const double x = -708 + 1417.0 * i / count;
    NoteUlp(x, Exp(x), std::exp(static_cast<long double>(x)), worst);
  }
  return worst;
}

RopeError RopeErrors(uint32_t stride) {
  RopeError error;
  for (float theta : {10000.0f, 500000.0f, 1000000.0f}) {
    for (uint32_t head_dim : {8u, 48u, 64u, 128u}) {
      std::vector<double> frequencies(head_dim / 2);
      RopeFrequencies(theta, head_dim, absl::MakeSpan(frequencies));
      for (uint32_t i = 0; i < head_dim / 2; ++i) {
        const long double exact_frequency =
            std::pow(static_cast<long double>(theta),
                     -static_cast<long double>(2 * i) / head_dim);
        for (uint32_t p = 0; p < kMaxContextLimit; p += stride) {
          const double angle = static_cast<double>(p) * frequencies[i];
          const long double sine = std::sin(static_cast<long double>(angle));
          const long double cosine = std::cos(static_cast<long double>(angle));
          const double found_sine = Sin(angle);
          const double found_cosine = Cos(angle);
          NoteUlp(angle, found_sine, sine, error.sine);
          NoteUlp(angle, found_cosine, cosine, error.cosine);
          NoteUlp(angle, static_cast<float>(found_sine), sine, error.table);
          NoteUlp(angle, static_cast<float>(found_cosine), cosine,
                  error.table);
          error.largest_absolute = std::max(
              {error.largest_absolute,
               static_cast<double>(std::fabs(found_sine - sine)),
               static_cast<double>(std::fabs(found_cosine - cosine))});
          const long double turn = p * exact_frequency;
          error.largest_table_absolute = std::max(
              {error.largest_table_absolute,
               static_cast<double>(std::fabs(
                   static_cast<float>(found_sine) - std::sin(turn))),
               static_cast<double>(std::fabs(
                   static_cast<float>(found_cosine) - std::cos(turn)))});
        }
      }
    }
  }
  return error;
}

absl::StatusOr<LogitError> LogitErrors(ByteSpan model_file,
                                       std::string_view prompt) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Model> model,
                            Model::Load(model_file));
  PEDIGREE_ASSIGN_OR_RETURN(const GenerationLogits found,
                            ReferenceGeneration(*model, prompt));
  const std::vector<std::vector<double>> exact =
      WideLogits(model->shape(), model->weights(), found.tokens);
  const size_t vocab_size = model->shape().vocab_size;
  LogitError error;
  error.positions = exact.size();
  double squares = 0;
  for (size_t t = 0; t < exact.size(); ++t) {
    const absl::Span<const float> row =
        absl::MakeConstSpan(found.values).subspan(t * vocab_size, vocab_size);
    const double relative = RelativeError(row, exact[t]);
    error.largest = std::max(error.largest, relative);
    squares += relative * relative;
    error.same_choice += ArgMax<float>(row) == ArgMax<double>(exact[t]);
  }
  error.rms = std::sqrt(squares / static_cast<double>(exact.size()));
  return error;
}

int AccuracyModelCount() {
  return kTypeCount * static_cast<int>(sizeof(kShapes) / sizeof(kShapes[0]));
}

AccuracyModel MakeAccuracyModel(int index) {
  const Shape& shape = kShapes[index / kTypeCount];
  const Type& type = kTypes[index % kTypeCount];
  TinyModelOptions options;
  options.dtype = type.dtype;
  options.block_size = type.block_size;
  options.tied_output = shape.tied_output;
  options.hidden_size = shape.hidden_size;
  options.layer_count = shape.layer_count;
  options.head_count = shape.head_count;
  options.kv_head_count = shape.kv_head_count;
  options.head_dim = shape.head_dim;
  options.ffn_size = shape.ffn_size;
  options.max_context = 48;
  // Keeps what a matrix gives as large as what it gets.
  options.weight_range =
      std::sqrt(3.0f / static_cast<float>(shape.hidden_size));
  return {shape.name, type.name, TinyModel(options)};
}

}  // namespace pedigree
