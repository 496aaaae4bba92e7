// The model of type 1: a llama-like decoder, one token at a time.
// Specification: docs/formats/slm.md, "Model type 1", and docs/numerics.md.

#ifndef PEDIGREE_RUNTIME_MODEL_TRANSFORMER_H_
#define PEDIGREE_RUNTIME_MODEL_TRANSFORMER_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/mat_vec.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// Whether a forward pass ends with the output projection.
enum class Logits { kSkip, kCompute };

// The activations and the KV cache of one sequence. Not thread-safe.
class Transformer {
 public:
  // Allocates all memory that Forward will use: PlanMemory(shape).
  //
  // Errors: code ResourceLimit.
  static absl::StatusOr<Transformer> Create(const ModelShape& shape);

  // Runs `token` at `position` and keeps its keys and values. The positions
  // before it must have been run since the sequence began. `weights` has the
  // shape's tensors. token < vocab_size.
  //
  // Returns the logits, shape [vocab_size] and valid until the next call, or
  // an empty span with Logits::kSkip.
  // Errors: code ContextExceeded when position >= max_context; code
  // GenerationFailed, naming the place, when an activation is not finite.
  absl::StatusOr<absl::Span<const float>> Forward(const Weights& weights,
                                                  uint32_t token,
                                                  uint32_t position,
                                                  Logits logits);

  const MemoryPlan& plan() const { return plan_; }

 private:
  // Views into the block, named as in MemoryPlan.
  struct Scratch {
    absl::Span<float> residual;
    absl::Span<float> normed;
    absl::Span<float> norm_weight;
    absl::Span<float> query;
    absl::Span<float> attention;
    absl::Span<float> projection;
    absl::Span<float> gate;
    absl::Span<float> up;
    absl::Span<float> scores;
    absl::Span<float> logits;
    absl::Span<double> rope_frequencies;
    absl::Span<float> rope_cosines;
    absl::Span<float> rope_sines;
    absl::Span<int8_t> activation_values;
    absl::Span<float> activation_scales;
  };

  Transformer(const ModelShape& shape, const MemoryPlan& plan,
              AlignedBuffer block);

  absl::Status RunLayer(const Weights& weights, int layer, uint32_t position);
  absl::Status ProjectQkv(const Weights& weights, int layer,
                          uint32_t position);
  absl::Status Attend(int layer, uint32_t position);
  absl::Status FeedForward(const Weights& weights, int layer);
  // normed = RMSNorm of the residual.
  absl::Status Normalize(const TensorView& norm, int layer,
                         std::string_view name);
  // residual += projection.
  absl::Status AddToResidual(int layer, std::string_view name);
  // `values` in the forms that `readers`, matrices of its width, ask for.
  Activation Prepare(absl::Span<const float> values,
                     std::initializer_list<const TensorView*> readers);

  ModelShape shape_;
  MemoryPlan plan_;
  AlignedBuffer block_;
  Scratch scratch_;
  KvCache kv_cache_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_TRANSFORMER_H_
