// Teaching a model's output to follow sequences of tokens: the simplest
// behaviour that weights made by hand can have, and enough for fixtures whose
// answers mean something.

#ifndef PEDIGREE_PACKAGER_TOKEN_SEQUENCE_H_
#define PEDIGREE_PACKAGER_TOKEN_SEQUENCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/records.pb.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// Two neighbours of a sequence.
struct TokenStep {
  uint32_t token = 0;
  uint32_t next = 0;
  float strength = 0;
};

// The steps of `sequence`, in order. With `stop`, EOS follows the last token.
//
// Errors: kInvalidArgument for a sequence of fewer than two tokens or a bad
// strength.
absl::StatusOr<std::vector<TokenStep>> TokenSteps(
    const packager::TokenSequence& sequence, const Tokenizer& tokenizer);

// For each step of `sequence` adds strength x embeddings[token] to
// output[next]. Since a transformer's residual stream still holds most of the
// last token's embedding when it reaches the output, the row that matches it
// wins.
//
// embeddings, output: [vocab_size, hidden_size], row-major.
//
// Errors: those of TokenSteps.
absl::Status AddTokenSequence(const packager::TokenSequence& sequence,
                              const Tokenizer& tokenizer,
                              absl::Span<const float> embeddings,
                              absl::Span<float> output);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKEN_SEQUENCE_H_
