// How a model is run. None of it changes a result.

#ifndef PEDIGREE_RUNTIME_ENGINE_ENGINE_CONFIG_H_
#define PEDIGREE_RUNTIME_ENGINE_ENGINE_CONFIG_H_

#include <cstdint>

#include "runtime/kernels/kernels.h"
#include "runtime/model/memory_plan.h"

namespace pedigree {

struct EngineConfig {
  // Threads, 1..kMaxThreads. Default: 1.
  int threads = 1;
  // Not null. Others than the best are had from FindKernels.
  const Kernels* kernels = &BestKernels();
  // Whether matrices are copied into the order in which kernels read them and into
  // huge pages, where memory has room for it beside all else: faster, and the copy is
  // memory that the system can't take back, as it can the pages of a mapped file.
  // WebAssembly, which has no huge pages, reorders quantized matrices only. A file
  // that may be written over (ByteSource::Writable) is reordered where it lies, with
  // a copy only of what has no room for it there. Default: false.
  bool repack = false;
  // Whether kernels have a use for that: the scalar reference reads rows as they are
  // stored.
  bool repacks() const { return repack && kernels->target != Target::kScalar; }
  // Positions of each session, 1..max_context; 0 stands for max_context.
  uint32_t context_tokens = 0;
  // Sessions at a time, which may be decoded together: 1..batch_tokens.
  uint32_t sequences = 1;
  // Tokens of a prompt run at once, 1..kMaxBatchTokens.
  uint32_t batch_tokens = 64;
};

// What the plan of memory is made from.
inline MemoryOptions ToMemoryOptions(const EngineConfig& config) {
  MemoryOptions options;
  options.batch_tokens = config.batch_tokens;
  options.logits_rows = config.sequences;
  options.threads = static_cast<uint32_t>(config.threads);
  options.context_tokens = config.context_tokens;
  options.sequences = config.sequences;
  return options;
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ENGINE_ENGINE_CONFIG_H_
