// Turns a prompt into tokens, one step at a time.
// Specification: docs/numerics.md, "Generation".

#ifndef PEDIGREE_RUNTIME_GENERATION_GENERATOR_H_
#define PEDIGREE_RUNTIME_GENERATION_GENERATOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/model/transformer.h"
#include "runtime/model/weights.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// The most bytes that one generation may put out.
inline constexpr size_t kMaxOutputBytes = 65536;

// Why a generation ended.
enum class StopReason {
  kNone,         // it has not
  kStopToken,    // the model chose a stop id, which is not put out
  kTokenLimit,   // max_new_tokens were put out
  kContextEnd,   // prompt and output fill max_context
  kOutputLimit,  // the next token would pass kMaxOutputBytes
  kCancelled,    // the caller asked
};

// "stop-token", "token-limit", "context-end", "output-limit" or "cancelled";
// "" for kNone.
std::string_view StopReasonName(StopReason reason);

// One generation, finished.
struct Generation {
  std::string output;  // raw bytes of the generated tokens, prompt excluded
  std::vector<uint32_t> token_ids;
  uint32_t prompt_tokens = 0;
  // StopReasonName.
  std::string stop_reason;
};

// One generation in a borrowed session, which it starts anew. Not thread-safe,
// but for `cancel`.
class Generator {
 public:
  // What a generation works on; all must outlive it.
  struct Parts {
    const Tokenizer* tokenizer = nullptr;
    const Weights* weights = nullptr;
    Transformer* transformer = nullptr;
    Session* session = nullptr;
    // Whether tokens that the session has run already, from its start on, are
    // kept instead of run again. The results are the same.
    bool reuse_prefix = false;
    // Once true, the next step returns code Cancelled.
    const std::atomic<bool>* cancel = nullptr;
  };

  // Encodes `prompt` and runs it through the model.
  //
  // Errors: code InvalidLength for a prompt of no tokens; ContextExceeded when
  // it has more than the session's capacity; those of Tokenizer::Encode and
  // Transformer::Forward; code Cancelled.
  static absl::StatusOr<Generator> Begin(const Parts& parts,
                                         const SamplingConfig& sampling,
                                         std::string_view prompt,
                                         uint32_t max_new_tokens);

  // Begin in two steps. The first changes nothing; what it gives is for the second,
  // whose errors are those of Transformer::Forward and code Cancelled.
  static absl::StatusOr<std::vector<uint32_t>> CheckPrompt(
      const Parts& parts, const SamplingConfig& sampling,
      std::string_view prompt);
  static absl::StatusOr<Generator> BeginChecked(
      const Parts& parts, const SamplingConfig& sampling,
      absl::Span<const uint32_t> prompt, uint32_t max_new_tokens);

  // The bytes of one more token (perhaps none), or nothing once stop_reason()
  // is set.
  //
  // Errors: those of Transformer::Forward and Sampler::Sample; code Cancelled.
  absl::StatusOr<std::optional<std::string>> Next();

  // Ends the generation for the caller's own reason.
  void Cancel() { stop_reason_ = StopReason::kCancelled; }

  // All that was put out so far.
  Generation Result() const;

  StopReason stop_reason() const { return stop_reason_; }
  uint32_t prompt_tokens() const { return prompt_tokens_; }
  // The tokens put out so far.
  absl::Span<const uint32_t> token_ids() const { return token_ids_; }
  // Prompt tokens that were not run again.
  uint32_t reused_tokens() const { return reused_tokens_; }
  // Positions of the KV cache in use.
  uint32_t kv_length() const { return parts_.session->length(); }
  // The logits that the last token was chosen from; valid until Next().
  absl::Span<const float> logits() const { return parts_.session->logits(); }

 private:
  Generator(const Parts& parts, const SamplingConfig& sampling,
            uint32_t max_new_tokens);

  absl::Status Prefill(absl::Span<const uint32_t> prompt);
  absl::Status CheckCancel() const;

  Parts parts_;
  Sampler sampler_;
  uint32_t max_new_tokens_ = 0;
  uint32_t prompt_tokens_ = 0;
  uint32_t reused_tokens_ = 0;
  uint32_t previous_token_ = Tokenizer::kNoToken;
  // Whether previous_token_ was put out but not run through the model yet.
  bool pending_ = false;
  std::string output_;
  std::vector<uint32_t> token_ids_;
  StopReason stop_reason_ = StopReason::kNone;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_GENERATION_GENERATOR_H_
