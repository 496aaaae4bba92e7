#include "runtime/model/transformer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/forward_pass.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/rope.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// The largest sum of ranks of side paths that stand in one layer, or at the
// output.
size_t SideRank(const ModelShape& shape, const Weights& weights) {
  const auto rank = [&weights](int tensor) {
    size_t sum = 0;
    for (const LowRank& path : weights.side_paths(tensor)) sum += path.rank;
    return sum;
  };
  size_t largest = rank(weights.output_index());
  for (int layer = 0; layer < static_cast<int>(shape.layer_count); ++layer) {
    size_t sum = 0;
    for (LayerTensor tensor :
         {LayerTensor::kWq, LayerTensor::kWk, LayerTensor::kWv,
          LayerTensor::kWo, LayerTensor::kW1, LayerTensor::kW3,
          LayerTensor::kW2}) {
      sum += rank(weights.layer_index(layer, tensor));
    }
    largest = std::max(largest, sum);
  }
  return largest;
}

}  // namespace

absl::StatusOr<Transformer> Transformer::Create(const ModelShape& shape,
                                                const MemoryOptions& options,
                                                ThreadPool* pool,
                                                const Kernels* kernels) {
  PEDIGREE_ASSIGN_OR_RETURN(const MemoryPlan plan,
                            PlanMemory(shape, options));
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer scratch,
      AlignedBuffer::Allocate(plan.scratch_bytes, "scratch"));
  return Transformer(shape, options, plan, pool, kernels, std::move(scratch));
}

Transformer::Transformer(const ModelShape& shape, const MemoryOptions& options,
                         const MemoryPlan& plan, ThreadPool* pool,
                         const Kernels* kernels, AlignedBuffer scratch)
    : shape_(shape),
      options_(options),
      plan_(plan),
      pool_(pool),
      kernels_(kernels),
      scratch_(std::move(scratch)) {
  RopeFrequencies(shape.rope_theta, shape.head_dim,
                  {Part<double>(plan.rope_frequencies), shape.head_dim / 2});
}

uint64_t Transformer::SideScratchBytes(const ModelShape& shape,
                                       const MemoryOptions& options,
                                       const Weights& weights) {
  return uint64_t{SideRank(shape, weights)} * options.batch_tokens *
         sizeof(float);
}

absl::Status Transformer::Forward(const Weights& weights,
                                  absl::Span<const BatchToken> batch) {
  for (const BatchToken& token : batch) {
    if (token.position >= token.cache->capacity()) {
      return MakeError(ErrorCode::kContextExceeded, "Position ", token.position,
                       " is past max_context ", token.cache->capacity());
    }
  }
  if (batch.empty()) return absl::OkStatus();
  ForwardParts parts;
  parts.shape = &shape_;
  parts.plan = &plan_;
  parts.scratch = scratch_.data();
  parts.kernels = kernels_;
  parts.pool = pool_;
  parts.threads = std::min(static_cast<int>(options_.threads), pool_->size());
  parts.h_stride = SideRank(shape_, weights);
  if (parts.h_stride > 0) {
    const uint64_t bytes = SideScratchBytes(shape_, options_, weights);
    if (side_scratch_.size() < bytes) {
      PEDIGREE_ASSIGN_OR_RETURN(
          side_scratch_, AlignedBuffer::Allocate(bytes, "adapter scratch"));
    }
    parts.side_h = reinterpret_cast<float*>(side_scratch_.data());
  }
  return ForwardPass(parts, weights, batch).Run();
}

absl::Span<const float> Transformer::logits(size_t row) const {
  return {Part<float>(plan_.logits) + row * shape_.vocab_size,
          shape_.vocab_size};
}

}  // namespace pedigree
