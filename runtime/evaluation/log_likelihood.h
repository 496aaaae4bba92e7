// How likely a model finds a text, in integers that anyone can work with.
// Specification: docs/formats/evaluation.md, "Log-likelihood".

#ifndef PEDIGREE_RUNTIME_EVALUATION_LOG_LIKELIHOOD_H_
#define PEDIGREE_RUNTIME_EVALUATION_LOG_LIKELIHOOD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// No text may be less likely: -10^7 nats, in millionths.
inline constexpr int64_t kLeastLogLikelihood = -10000000 * int64_t{1000000};

// Of one text, given what stands before it.
struct Likelihood {
  Digest text_digest;
  // Of the text.
  uint64_t bytes = 0;
  // Tokens run before the first that is scored is predicted; at least 1.
  uint32_t context_tokens = 0;
  // Tokens scored.
  uint32_t tokens = 0;
  // ln P(text), in millionths of a nat; kLeastLogLikelihood to 0.
  int64_t log_likelihood = 0;
};

// ln P(target) by logits of shape [vocab_size], in binary64 with the functions
// of runtime/tensor/math.h, summed in ascending order of ids. Ids that are
// excluded take no part. The target is not excluded; logits are finite.
double LogProbability(absl::Span<const float> logits,
                      const std::vector<bool>& excluded, uint32_t target);

// A sum of LogProbability, rounded half to even to millionths; nothing for less
// than kLeastLogLikelihood.
std::optional<int64_t> RoundLogLikelihood(double nats);

// The likeliest text, or, `normalized`, the one of the largest log-likelihood
// per byte; of equal ones the first. There is at least one, none of 0 bytes.
size_t Likeliest(absl::Span<const Likelihood> likelihoods, bool normalized);

// -log-likelihood / ln 2 / bytes, in millionths, rounded half to even; bytes is
// at least 1 and log_likelihood, perhaps a sum, -10^18 to 0.
uint64_t BitsPerByte(int64_t log_likelihood, uint64_t bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_LOG_LIKELIHOOD_H_
