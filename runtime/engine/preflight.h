// What a model will take, known before it is loaded.
// Specification: docs/formats/diagnostics.md, "Memory".

#ifndef PEDIGREE_RUNTIME_ENGINE_PREFLIGHT_H_
#define PEDIGREE_RUNTIME_ENGINE_PREFLIGHT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/engine/engine_config.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/weights.h"

namespace pedigree {

// Bytes by use, and what they depend on. All but `mapped_bytes` are allocated in
// just these sizes, each when a model is loaded, a session made or an adapter
// applied.
struct MemoryUse {
  // Whether a repacked copy of the matrices is read. Never without
  // EngineConfig::repack or, once loaded, where memory had no room for it.
  bool repacked = false;
  // Positions of each session.
  uint32_t context_tokens = 0;
  // Of the file, which need not be in memory.
  uint64_t file_bytes = 0;
  // Of the file, what is read where it lies: all, or all but the packed matrices.
  // For a mapped file, pages of the system's cache; rounded up to whole pages, a
  // page at most for each end of a packed range.
  uint64_t mapped_bytes = 0;
  // Of the copy.
  uint64_t packed_bytes = 0;
  // Of the tokenizer, in its form for use.
  uint64_t tokenizer_bytes = 0;
  // Of all sessions.
  uint64_t kv_cache_bytes = 0;
  uint64_t scratch_bytes = 0;
  // Tokens and logits that sessions keep.
  uint64_t session_bytes = 0;
  // f32 copies of the tensors that deltas touch, and low-rank factors.
  uint64_t adapter_bytes = 0;
  // Scratch of low-rank side paths.
  uint64_t side_scratch_bytes = 0;

  // KV caches, scratch, sessions and adapters.
  uint64_t allocated_bytes() const {
    return kv_cache_bytes + scratch_bytes + session_bytes + adapter_bytes +
           side_scratch_bytes;
  }
  // And the tokenizer and the weights, of the file what is read where it lies.
  uint64_t total_bytes() const {
    return mapped_bytes + packed_bytes + tokenizer_bytes + allocated_bytes();
  }
};

// What a model takes with config.sequences sessions. Of its file, header, directory
// and tokenizer are read and checked, and, when it is to be repacked, scales that
// stand for blocks of a row are read: how these are packed depends on their values.
// All else is neither read nor checked. `adapters` are whole files in order of
// application; that they are made for this very model is not checked.
//
// `file_bytes`: 4-byte aligned.
// Errors: those of SlmReader::ParseStructure, Tokenizer::Parse, PlanMemory and
// AdapterReader::Parse; code AdapterPayloadInvalid for a tensor that the model has
// not.
absl::StatusOr<MemoryUse> Preflight(ByteSpan file_bytes,
                                    const EngineConfig& config,
                                    absl::Span<const ByteSpan> adapters = {});

// The weights' part: file, mapped and packed bytes, with `packed_bytes` of a copy
// or, where there is none, 0.
MemoryUse WeightUse(const SlmReader& reader, const Weights& weights,
                    uint64_t packed_bytes);

// Bytes of the tokens and logits of one session.
uint64_t SessionBytes(const ModelShape& shape, uint32_t context_tokens);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ENGINE_PREFLIGHT_H_
