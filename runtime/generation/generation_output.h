// What one generation has put out, and when it ends.
// Specification: docs/numerics.md, "Generation".

#ifndef PEDIGREE_RUNTIME_GENERATION_GENERATION_OUTPUT_H_
#define PEDIGREE_RUNTIME_GENERATION_GENERATION_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// The most bytes that one generation may put out.
inline constexpr size_t kMaxOutputBytes = 65536;

// Why a generation ended.
enum class StopReason {
  kNone,         // it has not
  kStopToken,    // the model chose a stop id, which is not put out
  kTokenLimit,   // max_new_tokens were put out
  kContextEnd,   // prompt and output fill the context
  kOutputLimit,  // the next token would pass kMaxOutputBytes
  kCancelled,    // the caller asked
  kStopString,   // a stop string came, which is not kept
};

// "stop-token", "token-limit", "context-end", "output-limit", "cancelled" or
// "stop-string"; "" for kNone.
std::string_view StopReasonName(StopReason reason);

// When a generation ends by itself.
struct GenerationLimits {
  uint32_t max_new_tokens = 0;
  // Positions that prompt and output may fill.
  uint32_t context_tokens = 0;
  // Strings, none of them empty, at the first of which the output is cut off:
  // the one that begins first, and goes with all that follows it.
  std::vector<std::string> stop_strings;
};

// One generation, finished.
struct Generation {
  std::string output;  // raw bytes of the generated tokens, prompt excluded
  std::vector<uint32_t> token_ids;
  uint32_t prompt_tokens = 0;
  // StopReasonName.
  std::string stop_reason;
};

// Takes the tokens of one generation as they are chosen.
class GenerationOutput {
 public:
  // `tokenizer` must outlive it. `prompt` has at least one token.
  GenerationOutput(const Tokenizer* tokenizer, GenerationLimits limits,
                   absl::Span<const uint32_t> prompt);

  // Whether another token is to be chosen; where a limit forbids one, ends.
  bool WantsToken();

  // Puts out the bytes of `token`, perhaps none; or nothing, when it ends the
  // generation without being put out. WantsToken() was true.
  std::optional<std::string> Take(uint32_t token);

  // Ends the generation for the caller's own reason.
  void Cancel() { stop_reason_ = StopReason::kCancelled; }

  // All that was put out so far.
  Generation Result() const;

  StopReason stop_reason() const { return stop_reason_; }
  uint32_t prompt_tokens() const { return prompt_tokens_; }
  // The tokens put out so far.
  absl::Span<const uint32_t> token_ids() const { return token_ids_; }
  // The last of prompt and output.
  uint32_t last_token() const { return last_token_; }

 private:
  // Cuts the output at the first stop string that begins at `from` or later.
  void CutAtStopString(size_t from);

  const Tokenizer* tokenizer_;
  GenerationLimits limits_;
  size_t longest_stop_ = 0;
  uint32_t prompt_tokens_;
  uint32_t last_token_;
  std::string output_;
  std::vector<uint32_t> token_ids_;
  StopReason stop_reason_ = StopReason::kNone;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_GENERATION_GENERATION_OUTPUT_H_
