#include "packager/training/optimizer.h"

#include <algorithm>
#include <utility>

#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

// The chunks' sums of squares are sums of their own: part of the definition.
constexpr size_t kChunkSize = 4096;

constexpr double kPi = 3.14159265358979323846;

}  // namespace

double LearningRate(const Schedule& schedule, uint32_t step) {
  const double peak = static_cast<double>(schedule.peak);
  if (step <= schedule.warmup_steps) {
    return peak * static_cast<double>(step) /
           static_cast<double>(schedule.warmup_steps);
  }
  const double last = static_cast<double>(schedule.last);
  const double progress =
      static_cast<double>(step - schedule.warmup_steps) /
      static_cast<double>(schedule.steps - schedule.warmup_steps);
  return last + (peak - last) * (0.5 * (1.0 + Cos(kPi * progress)));
}

AdamW::AdamW(std::vector<Parameter> parameters,
             const OptimizerSettings& settings, ThreadPool* pool,
             Target target)
    : parameters_(std::move(parameters)),
      settings_(settings),
      pool_(*pool),
      kernels_(FindTrainingKernels(target)) {
  for (size_t p = 0; p < parameters_.size(); ++p) {
    const size_t size = parameters_[p].weights.size();
    first_moments_.emplace_back(size);
    second_moments_.emplace_back(size);
    for (size_t first = 0; first < size; first += kChunkSize) {
      chunks_.push_back({p, first, std::min(kChunkSize, size - first)});
    }
  }
  chunk_sums_.resize(chunks_.size());
}

template <typename Work>
void AdamW::ForChunks(const Work& work) {
  pool_.Run(pool_.size(), [&](int thread) {
    const Range range =
        SplitRange(chunks_.size(), 1, thread, pool_.size());
    for (size_t i = range.begin; i < range.end; ++i) work(i);
  });
}

double AdamW::GradientNorm() {
  ForChunks([this](size_t i) {
    const Chunk& chunk = chunks_[i];
    chunk_sums_[i] = static_cast<double>(kernels_.sum_of_squares(
        parameters_[chunk.parameter].gradient.data() + chunk.first,
        chunk.size));
  });
  double sum = 0;
  for (const double chunk_sum : chunk_sums_) sum += chunk_sum;
  return __builtin_sqrt(sum);
}

void AdamW::MoveChunk(const Chunk& chunk, const AdamStep& step) {
  const Parameter& parameter = parameters_[chunk.parameter];
  AdamStep own = step;
  if (!parameter.decays) own.decay = 0;
  kernels_.adam_step(own, parameter.gradient.data() + chunk.first,
                     first_moments_[chunk.parameter].data() + chunk.first,
                     second_moments_[chunk.parameter].data() + chunk.first,
                     parameter.weights.data() + chunk.first, chunk.size);
}

double AdamW::Step(double learning_rate) {
  const double norm = GradientNorm();
  if (!(norm <= 1e300)) return norm;
  beta1_power_ *= static_cast<double>(settings_.beta1);
  beta2_power_ *= static_cast<double>(settings_.beta2);
  AdamStep step;
  const double clip = static_cast<double>(settings_.clip_norm);
  step.gradient_scale =
      clip > 0 && norm > clip ? static_cast<float>(clip / norm) : 1.0f;
  step.beta1 = settings_.beta1;
  step.one_minus_beta1 = 1.0f - settings_.beta1;
  step.beta2 = settings_.beta2;
  step.one_minus_beta2 = 1.0f - settings_.beta2;
  step.second_moment_scale =
      static_cast<float>(1.0 / __builtin_sqrt(1.0 - beta2_power_));
  step.epsilon = settings_.epsilon;
  step.step_size = static_cast<float>(learning_rate / (1.0 - beta1_power_));
  step.decay = static_cast<float>(
      learning_rate * static_cast<double>(settings_.weight_decay));
  ForChunks([&](size_t i) { MoveChunk(chunks_[i], step); });
  return norm;
}

}  // namespace pedigree
