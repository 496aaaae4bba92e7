// What a model needs besides its file, known from the header alone.
// Specification: docs/formats/diagnostics.md, "Memory".

#ifndef PEDIGREE_RUNTIME_MODEL_MEMORY_PLAN_H_
#define PEDIGREE_RUNTIME_MODEL_MEMORY_PLAN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// The longest context this build runs; RoPE angles are exact up to it.
inline constexpr uint32_t kMaxContextLimit = 1048576;

// The most that KV cache and scratch may take together: 32 GiB, and 2 GiB
// where addresses have 32 bits.
inline constexpr uint64_t kMaxWorkspaceBytes =
    sizeof(void*) == 4 ? uint64_t{1} << 31 : uint64_t{1} << 35;

// Offsets and sizes of the one block that a model's workspace is. Every part
// starts on a multiple of 64.
struct MemoryPlan {
  // Parts of the scratch area, as byte offsets in the block.
  uint64_t residual = 0;           // f32 [hidden_size]
  uint64_t normed = 0;             // f32 [hidden_size]
  uint64_t norm_weight = 0;        // f32 [hidden_size]
  uint64_t query = 0;              // f32 [head_count * head_dim]
  uint64_t attention = 0;          // f32 [head_count * head_dim]
  uint64_t projection = 0;         // f32 [hidden_size]
  uint64_t gate = 0;               // f32 [ffn_size]
  uint64_t up = 0;                 // f32 [ffn_size]
  uint64_t scores = 0;             // f32 [max_context]
  uint64_t logits = 0;             // f32 [vocab_size]
  uint64_t rope_frequencies = 0;   // f64 [head_dim / 2]
  uint64_t rope_cosines = 0;       // f32 [head_dim / 2]
  uint64_t rope_sines = 0;         // f32 [head_dim / 2]
  uint64_t activation_values = 0;  // int8 [widest matrix]
  uint64_t activation_scales = 0;  // f32 [its activation blocks]
  uint64_t kv_cache = 0;           // the rest of the block

  uint64_t scratch_bytes = 0;
  // 2 * layer_count * max_context * kv_head_count * head_dim * 4.
  uint64_t kv_cache_bytes = 0;
  // scratch_bytes + kv_cache_bytes: what is allocated.
  uint64_t total_bytes = 0;
};

// The plan of a checked shape.
//
// Errors: code ResourceLimit when max_context is above kMaxContextLimit, or
// the total above `max_bytes` or 64 bits.
absl::StatusOr<MemoryPlan> PlanMemory(const ModelShape& shape,
                                      uint64_t max_bytes = kMaxWorkspaceBytes);

// Bytes of KV cache that one token takes.
uint64_t KvBytesPerToken(const ModelShape& shape);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_MEMORY_PLAN_H_
