// What running a model takes besides its weights, known from its header alone.
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

// Tokens of one sequence that attention takes at a time.
inline constexpr uint32_t kAttentionTokens = 8;

// How a model is to be run.
struct MemoryOptions {
  // Tokens run at once, 1..kMaxBatchTokens. More make prefill faster.
  uint32_t batch_tokens = 64;
  // Tokens of a batch whose logits are kept, 1..batch_tokens: 1 serves one
  // sequence, n serve n of them.
  uint32_t logits_rows = 1;
  // Threads, 1..kMaxThreads.
  uint32_t threads = 1;
  // Positions of each sequence, 1..max_context; 0 stands for max_context.
  uint32_t context_tokens = 0;
  // Sequences that have a KV cache at the same time. Default: 1.
  uint32_t sequences = 1;
};

// Offsets of the parts of the scratch block, each on a multiple of 64, and sizes.
// B is batch_tokens, T threads; W and F, the columns of matrices, are rounded up
// to whole activation blocks.
struct MemoryPlan {
  uint64_t residual = 0;           // f32 [B][hidden_size]
  uint64_t normed = 0;             // f32 [B][hidden_size]
  uint64_t projection = 0;         // f32 [B][hidden_size]
  uint64_t query = 0;              // f32 [B][head_count * head_dim]
  uint64_t key = 0;                // f32 [B][kv_head_count * head_dim]
  uint64_t value = 0;              // f32 [B][kv_head_count * head_dim]
  uint64_t attention = 0;          // f32 [B][head_count * head_dim]
  uint64_t gate = 0;               // f32 [B][ffn_size]
  uint64_t up = 0;                 // f32 [B][ffn_size]
  uint64_t logits = 0;             // f32 [logits_rows][vocab_size]
  uint64_t rope_frequencies = 0;   // f64 [head_dim / 2]
  uint64_t rope_cosines = 0;       // f32 [B][head_dim / 2]
  uint64_t rope_sines = 0;         // f32 [B][head_dim / 2]
  // Quantized inputs of the matrices that read what is hidden_size or
  // head_count * head_dim wide (W), and of w2.
  uint64_t integers = 0;        // int8 [B][W]
  uint64_t split_integers = 0;  // int8 [B][W]
  uint64_t scales = 0;          // f32 [B][W / 32]
  uint64_t sums = 0;            // int32 [B][W / 32]
  uint64_t gate_integers = 0;        // int8 [B][F]
  uint64_t gate_split_integers = 0;  // int8 [B][F]
  uint64_t gate_scales = 0;          // f32 [B][F / 32]
  uint64_t gate_sums = 0;            // int32 [B][F / 32]
  uint64_t norm_weight = 0;        // f32 [T][hidden_size]
  uint64_t scores = 0;             // f32 [T][kAttentionTokens][context]
  uint64_t tile = 0;               // [T][tile_bytes]
  uint64_t tile_bytes = 0;         // of 16 packed rows with their scales

  uint64_t context_tokens = 0;
  uint64_t scratch_bytes = 0;
  // KV caches of all sequences.
  uint64_t kv_cache_bytes = 0;
  // scratch_bytes + kv_cache_bytes: what is allocated.
  uint64_t total_bytes = 0;
};

// The plan of a checked shape.
//
// Errors: code InvalidLength for an option out of range; code ResourceLimit when
// max_context is above kMaxContextLimit, or the total above `max_bytes` or 64
// bits.
absl::StatusOr<MemoryPlan> PlanMemory(const ModelShape& shape,
                                      const MemoryOptions& options = {},
                                      uint64_t max_bytes = kMaxWorkspaceBytes);

// Bytes of keys and values of one token.
uint64_t KvBytesPerToken(const ModelShape& shape);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_MEMORY_PLAN_H_
