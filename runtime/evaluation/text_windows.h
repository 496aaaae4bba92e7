// A text cut into windows in which every token is predicted from those before.

#ifndef PEDIGREE_RUNTIME_EVALUATION_TEXT_WINDOWS_H_
#define PEDIGREE_RUNTIME_EVALUATION_TEXT_WINDOWS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace pedigree {

// Tokens that a model runs from an empty context, and for each the token that
// follows it in the text. Equal lengths.
struct TextWindow {
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> targets;
};

// How many tokens of `ids` can be predicted: all but the first.
uint64_t CountPositions(absl::Span<const uint32_t> ids);

// The first `positions` predictions of `ids`, a text's as EncodePrompt gives
// them, in windows of `context` positions; the last may be shorter. Where `ids`
// begins with `bos`, so does every window; its other tokens are the text's, so
// the last of them is predicted and not run. Else windows begin where the one
// before ended. Each token is predicted once. positions is 1 to CountPositions
// and context at least 1.
std::vector<TextWindow> CutIntoWindows(absl::Span<const uint32_t> ids,
                                       uint32_t bos, uint32_t context,
                                       uint64_t positions);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_TEXT_WINDOWS_H_
