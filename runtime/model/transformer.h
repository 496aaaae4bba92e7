// The model of type 1: a llama-like decoder, for a batch of tokens at a time.
// Specification: docs/formats/slm.md, "Model type 1", and docs/numerics.md.

#ifndef PEDIGREE_RUNTIME_MODEL_TRANSFORMER_H_
#define PEDIGREE_RUNTIME_MODEL_TRANSFORMER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/forward_pass.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Runs tokens through the layers. What it computes for a token depends on that
// token's sequence only: neither the rest of the batch, nor the number of
// threads, nor the kernels change a bit. Not thread-safe.
class Transformer {
 public:
  // Allocates the scratch of PlanMemory(shape, options); KV caches are the
  // caller's. `pool` and `kernels` must outlive the transformer. Of the pool's
  // threads, options.threads are used at most.
  //
  // Errors: those of PlanMemory; code ResourceLimit.
  static absl::StatusOr<Transformer> Create(const ModelShape& shape,
                                            const MemoryOptions& options,
                                            ThreadPool* pool,
                                            const Kernels* kernels);

  // Bytes that Forward takes besides for the side paths of `weights`, of which only
  // the shapes count.
  static uint64_t SideScratchBytes(const ModelShape& shape,
                                   const MemoryOptions& options,
                                   const Weights& weights);

  // Runs at most batch_tokens tokens, of which at most logits_rows want logits.
  // Tokens of one sequence stand together, at consecutive positions; positions
  // before them must have been run. `weights` has the shape's tensors. Every
  // token is below vocab_size.
  //
  // Errors: code ResourceLimit, when weights with side paths need more memory
  // than there is; code ContextExceeded, with nothing done, when a position is past its
  // cache; code GenerationFailed, naming a place, when an activation is not
  // finite. The caches' positions in the batch are then unspecified.
  absl::Status Forward(const Weights& weights,
                       absl::Span<const BatchToken> batch);

  // The logits of the `row`-th token that wanted them, shape [vocab_size]; valid
  // until the next call.
  absl::Span<const float> logits(size_t row = 0) const;

  const ModelShape& shape() const { return shape_; }
  const MemoryPlan& plan() const { return plan_; }
  // Bytes that are allocated now, KV caches not among them.
  uint64_t scratch_bytes() const { return scratch_.size(); }
  uint64_t side_scratch_bytes() const { return side_scratch_.size(); }
  uint32_t batch_tokens() const { return options_.batch_tokens; }
  const Kernels& kernels() const { return *kernels_; }

 private:
  Transformer(const ModelShape& shape, const MemoryOptions& options,
              const MemoryPlan& plan, ThreadPool* pool, const Kernels* kernels,
              AlignedBuffer scratch);

  template <typename T>
  T* Part(uint64_t offset) const {
    return reinterpret_cast<T*>(scratch_.data() + offset);
  }

  ModelShape shape_;
  MemoryOptions options_;
  MemoryPlan plan_;
  ThreadPool* pool_;
  const Kernels* kernels_;
  AlignedBuffer scratch_;
  // For side paths; grows with the ranks of the adapters.
  AlignedBuffer side_scratch_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_TRANSFORMER_H_
