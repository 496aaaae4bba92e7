#include "packager/token_sequence.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/decimal.h"
#include "runtime/base/status_macros.h"

namespace pedigree {

absl::StatusOr<std::vector<TokenStep>> TokenSteps(
    const packager::TokenSequence& sequence, const Tokenizer& tokenizer) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const float strength,
      ParseDecimal(sequence.strength(), "strength of a sequence"));
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<uint32_t> ids,
                            tokenizer.Encode(sequence.text()));
  ids.erase(std::remove_if(ids.begin(), ids.end(),
                           [&](uint32_t id) {
                             return id == tokenizer.bos() ||
                                    id == tokenizer.eos();
                           }),
            ids.end());
  if (sequence.stop()) ids.push_back(tokenizer.eos());
  if (ids.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid sequence: ", ids.size(),
                     " tokens (expected 2 or more), text of ",
                     sequence.text().size(), " bytes"));
  }
  std::vector<TokenStep> steps;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    steps.push_back({ids[i], ids[i + 1], strength});
  }
  return steps;
}

absl::Status AddTokenSequence(const packager::TokenSequence& sequence,
                              const Tokenizer& tokenizer,
                              absl::Span<const float> embeddings,
                              absl::Span<float> output) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<TokenStep> steps,
                            TokenSteps(sequence, tokenizer));
  const size_t hidden_size = output.size() / tokenizer.vocab_size();
  for (const TokenStep& step : steps) {
    const float* from = &embeddings[step.token * hidden_size];
    float* to = &output[step.next * hidden_size];
    for (size_t c = 0; c < hidden_size; ++c) to[c] += step.strength * from[c];
  }
  return absl::OkStatus();
}

}  // namespace pedigree
