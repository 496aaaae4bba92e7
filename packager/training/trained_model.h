// A model while it is trained: all weights in f32, beside what is trained the
// gradients.

#ifndef PEDIGREE_PACKAGER_TRAINING_TRAINED_MODEL_H_
#define PEDIGREE_PACKAGER_TRAINING_TRAINED_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/adapter_writer.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

using Floats = std::vector<float>;

// Low-rank factors of a matrix that is frozen: W + scale * B A.
struct TrainedFactors {
  uint32_t rank = 0;
  float scale = 1;
  // [rank, columns] and [rows, rank], and their gradients.
  Floats a;
  Floats b;
  Floats a_gradient;
  Floats b_gradient;
};

struct TrainedTensor {
  TensorSpec spec;
  Floats weights;
  // Empty when the weights are frozen.
  Floats gradient;
  // Of rank 0 when there are none.
  TrainedFactors factors;

  size_t rows() const { return spec.rows(); }
  size_t columns() const { return spec.columns(); }
  bool frozen() const { return gradient.empty(); }
};

// Values that one optimizer step moves.
struct Parameter {
  absl::Span<float> weights;
  absl::Span<const float> gradient;
  // Matrices decay, weights of norms do not.
  bool decays = true;
};

// The tensors of a layer, in canonical order.
enum class TrainedLayerTensor {
  kAttnNorm,
  kWq,
  kWk,
  kWv,
  kWo,
  kFfnNorm,
  kW1,
  kW3,
  kW2,
};

struct TrainedModel {
  ModelShape shape;
  // In the order of CanonicalTensors(shape).
  std::vector<TrainedTensor> tensors;

  TrainedTensor& embeddings() { return tensors.front(); }
  TrainedTensor& layer(size_t index, TrainedLayerTensor tensor) {
    return tensors[1 + index * kTensorsPerLayer + static_cast<size_t>(tensor)];
  }
  TrainedTensor& norm() {
    return tensors[1 + shape.layer_count * kTensorsPerLayer];
  }
  // The embeddings when tied.
  TrainedTensor& output() {
    return shape.tied_output ? tensors.front() : tensors.back();
  }
};

// Seeded weights, all of them to be trained (docs/training.md, "Initial
// values").
TrainedModel InitialModel(const ModelShape& shape, uint64_t seed);

// What an adapter trains.
struct FactorSettings {
  uint32_t rank = 0;
  // A factor's scale is alpha / rank.
  float alpha = 0;
  // Of "wq", "wk", "wv", "wo", "w1", "w2", "w3", in each layer, and "output".
  std::vector<std::string> targets;
};

// A parent's weights, frozen, and seeded factors of what `settings` names.
//
// Errors: kInvalidArgument for a parent whose matrices are not f32, a target
// that no model has or a tied output, a rank that is 0 or above a matrix's
// smaller dimension.
absl::StatusOr<TrainedModel> ModelWithFactors(const SlmReader& parent,
                                              const FactorSettings& settings,
                                              uint64_t seed);

// What is trained, in canonical order, A before B. Borrows `model`.
std::vector<Parameter> Parameters(TrainedModel& model);

// The trained factors, as an adapter holds them.
std::vector<LowRankDelta> FactorDeltas(const TrainedModel& model);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TRAINED_MODEL_H_
