// Choosing the next token. Specification: docs/numerics.md, "Sampling".

#ifndef PEDIGREE_RUNTIME_GENERATION_SAMPLER_H_
#define PEDIGREE_RUNTIME_GENERATION_SAMPLER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/generation/random.h"
#include "runtime/kernels/kernels.h"

namespace pedigree {

inline constexpr uint32_t kMaxTopK = 1024;

// How tokens are chosen. The defaults are greedy.
struct SamplingConfig {
  // 0 is greedy; finite and >= 0. Default: 0.
  float temperature = 0;
  // Candidates kept, 1..kMaxTopK, of at most the vocabulary. Default: 1.
  uint32_t top_k = 1;
  // Share of the candidates' mass kept, in (0, 1]. Default: 1.
  float top_p = 1;
  // Start of the random numbers; 0 stands for kSeedForZero. Default: 1.
  uint64_t seed = 1;
};

// Errors: code InvalidLength, naming the setting, its value and its range.
absl::Status ValidateSampling(const SamplingConfig& config);

// A token and its logit.
struct Candidate {
  uint32_t token = 0;
  float logit = 0;
};

// The `count` best tokens that are not excluded, best first; of equal logits
// the lower id is the better. Fewer when there are no more.
std::vector<Candidate> TopCandidates(absl::Span<const float> logits,
                                     const std::vector<bool>& excluded,
                                     uint32_t count);

// Draws the tokens of one generation.
class Sampler {
 public:
  // `config` is valid. `excluded[id]` tells which ids take no part.
  // `kernels` must outlive the sampler.
  Sampler(const SamplingConfig& config, std::vector<bool> excluded,
          const Kernels& kernels)
      : config_(config),
        excluded_(std::move(excluded)),
        kernels_(&kernels),
        random_(config.seed) {}

  // The next token for finite `logits`, shape [vocab_size].
  //
  // Errors: code GenerationFailed when every id is excluded.
  absl::StatusOr<uint32_t> Sample(absl::Span<const float> logits);

 private:
  uint32_t Draw(absl::Span<const Candidate> candidates);

  SamplingConfig config_;
  std::vector<bool> excluded_;
  const Kernels* kernels_;
  XorShift64 random_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_GENERATION_SAMPLER_H_
