#include "packager/training/trained_model.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/mock_model.h"
#include "runtime/base/status_macros.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

constexpr std::string_view kTargets[] = {"wq", "wk", "wv", "wo",
                                         "w1", "w2", "w3", "output"};

// Uniform values of standard deviation 1 / sqrt(columns).
float Range(size_t columns) {
  return SqrtF(3.0f / static_cast<float>(columns));
}

Floats Uniform(uint64_t seed, std::string_view name, size_t count,
               float range) {
  Floats values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = range * MockUniform(seed, name, i);
  }
  return values;
}

// Whether the outputs of the matrix are added to the residual stream.
bool IsResidual(const TensorSpec& spec) {
  return absl::EndsWith(spec.name, ".wo.weight") ||
         absl::EndsWith(spec.name, ".w2.weight");
}

Floats InitialWeights(const ModelShape& shape, const TensorSpec& spec,
                      uint64_t seed) {
  if (spec.rank == 1) return Floats(spec.element_count(), 1.0f);
  float range = Range(spec.columns());
  if (IsResidual(spec)) {
    range = range / SqrtF(2.0f * static_cast<float>(shape.layer_count));
  }
  return Uniform(seed, spec.name, spec.element_count(), range);
}

// "wq" of "layers.3.wq.weight".
std::string_view TargetOf(std::string_view name) {
  name.remove_suffix(std::string_view(".weight").size());
  return name.substr(name.rfind('.') + 1);
}

bool Contains(const std::vector<std::string>& targets, std::string_view name) {
  return std::find(targets.begin(), targets.end(), name) != targets.end();
}

absl::Status CheckTargets(const ModelShape& shape,
                          const FactorSettings& settings) {
  if (settings.targets.empty()) {
    return absl::InvalidArgumentError(
        "Invalid training config: no targets (expected one or more)");
  }
  for (const std::string& target : settings.targets) {
    if (std::find(std::begin(kTargets), std::end(kTargets), target) ==
        std::end(kTargets)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid training config: target \"", target,
                       "\" (expected wq, wk, wv, wo, w1, w2, w3 or output)"));
    }
    if (target == "output" && shape.tied_output) {
      return absl::InvalidArgumentError(
          "Invalid training config: target \"output\" (the parent's output is "
          "tied)");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<TrainedFactors> InitialFactors(const TensorSpec& spec,
                                              const FactorSettings& settings,
                                              uint64_t seed) {
  const uint64_t most = std::min(spec.rows(), spec.columns());
  if (settings.rank == 0 || settings.rank > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid training config: rank ", settings.rank,
                     " (expected 1 to ", most, ", of ", spec.name, ")"));
  }
  TrainedFactors factors;
  factors.rank = settings.rank;
  factors.scale = settings.alpha / static_cast<float>(settings.rank);
  factors.a = Uniform(seed, absl::StrCat(spec.name, ".a"),
                      settings.rank * spec.columns(), Range(spec.columns()));
  factors.b = Floats(spec.rows() * settings.rank);
  factors.a_gradient = Floats(factors.a.size());
  factors.b_gradient = Floats(factors.b.size());
  return factors;
}

}  // namespace

TrainedModel InitialModel(const ModelShape& shape, uint64_t seed) {
  TrainedModel model;
  model.shape = shape;
  for (TensorSpec& spec : CanonicalTensors(shape)) {
    TrainedTensor& tensor = model.tensors.emplace_back();
    tensor.weights = InitialWeights(shape, spec, seed);
    tensor.gradient = Floats(tensor.weights.size());
    tensor.spec = std::move(spec);
  }
  return model;
}

absl::StatusOr<TrainedModel> ModelWithFactors(const SlmReader& parent,
                                              const FactorSettings& settings,
                                              uint64_t seed) {
  PEDIGREE_RETURN_IF_ERROR(CheckTargets(parent.shape(), settings));
  TrainedModel model;
  model.shape = parent.shape();
  for (size_t i = 0; i < parent.specs().size(); ++i) {
    const TensorView view = ViewTensor(parent, static_cast<int>(i));
    const TensorSpec& spec = parent.specs()[i];
    if (view.dtype != DType::kF32) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid parent: ", spec.name, " is ", DTypeName(view.dtype),
          " (adapters are trained on f32; they fit quantised siblings)"));
    }
    TrainedTensor& tensor = model.tensors.emplace_back();
    tensor.spec = spec;
    tensor.weights.resize(spec.element_count());
    for (size_t row = 0; row < spec.rows(); ++row) {
      DequantizeRow(view, row,
                    absl::MakeSpan(tensor.weights)
                        .subspan(row * spec.columns(), spec.columns()));
    }
    if (spec.rank == 1 || !Contains(settings.targets, TargetOf(spec.name))) {
      continue;
    }
    PEDIGREE_ASSIGN_OR_RETURN(tensor.factors,
                              InitialFactors(spec, settings, seed));
  }
  return model;
}

std::vector<Parameter> Parameters(TrainedModel& model) {
  std::vector<Parameter> parameters;
  for (TrainedTensor& tensor : model.tensors) {
    TrainedFactors& factors = tensor.factors;
    if (!tensor.frozen()) {
      parameters.push_back({absl::MakeSpan(tensor.weights), tensor.gradient,
                            tensor.spec.rank > 1});
    }
    if (factors.rank > 0) {
      parameters.push_back(
          {absl::MakeSpan(factors.a), factors.a_gradient, true});
      parameters.push_back(
          {absl::MakeSpan(factors.b), factors.b_gradient, true});
    }
  }
  return parameters;
}

std::vector<LowRankDelta> FactorDeltas(const TrainedModel& model) {
  std::vector<LowRankDelta> deltas;
  for (const TrainedTensor& tensor : model.tensors) {
    const TrainedFactors& factors = tensor.factors;
    if (factors.rank == 0) continue;
    deltas.push_back({tensor.spec, factors.rank, factors.scale, factors.a,
                      factors.b});
  }
  return deltas;
}

}  // namespace pedigree
