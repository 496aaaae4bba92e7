// Whole generations, compared in all logits: however a model is run, the bits
// are those of the scalar reference on one thread, token by token.
//
// Free of files, clocks and the test library, so that the same runs are made in
// WebAssembly.

#ifndef PEDIGREE_RUNTIME_CONFORMANCE_GENERATIONS_H_
#define PEDIGREE_RUNTIME_CONFORMANCE_GENERATIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/kernels/target.h"
#include "runtime/model/model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Random models of all types, of a shape with odd tiles and grouped queries, and
// with room for a prompt of 512 tokens.
absl::Span<const std::string_view> RandomModelNames();
std::string RandomModel(size_t index);

// A generation with all that it was chosen from.
struct GenerationLogits {
  std::vector<uint32_t> tokens;
  // f32 [tokens.size()][vocab_size]: behind each token, the prompt's too.
  std::vector<float> values;
};

// The reference: on one thread, token by token, to the end of the context, or of
// 530 positions when that is longer. `prompt` (behind BOS), or when that is empty
// as many ids of any kind as leave 16 positions, then greedily.
//
// Errors: kInvalidArgument for a context below 17; those of Encode and
// Transformer::Forward.
absl::StatusOr<GenerationLogits> ReferenceGeneration(const Model& model,
                                                     std::string_view prompt);

struct GenerationReport {
  // Tokens run by each run, logits behind each.
  uint64_t positions = 0;
  uint64_t vocab_size = 0;
  // Runs that were compared with the reference.
  uint64_t runs = 0;
  // Of the reference's tokens and logits, f32 [positions][vocab_size].
  Digest reference;
  // The first run with other bits; empty when none.
  std::string difference;
};

// Compares ReferenceGeneration of the model in `model_file` with every target x
// threads (1, 2, 3, 7, as far as `pool` has them) x weights as stored and as
// packed x batch (1, 3, 32, 512): all but the last 16 positions are prefilled in
// batches, the rest is chosen and decoded again. A batch of more than
// kMaxBatchTokens is run in steps of that many, as a session runs it.
//
// Errors: those of Model::Load and ReferenceGeneration.
absl::StatusOr<GenerationReport> RunGenerations(
    ByteSpan model_file, std::string_view prompt,
    absl::Span<const Target> targets, ThreadPool& pool);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_CONFORMANCE_GENERATIONS_H_
