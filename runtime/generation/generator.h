// Turns a prompt into tokens, one step at a time.
// Specification: docs/numerics.md, "Generation".

#ifndef PEDIGREE_RUNTIME_GENERATION_GENERATOR_H_
#define PEDIGREE_RUNTIME_GENERATION_GENERATOR_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/generation/generation_output.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/model/transformer.h"
#include "runtime/model/weights.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

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
  void Cancel() { output_.Cancel(); }

  // All that was put out so far.
  Generation Result() const { return output_.Result(); }

  StopReason stop_reason() const { return output_.stop_reason(); }
  uint32_t prompt_tokens() const { return output_.prompt_tokens(); }
  // The tokens put out so far.
  absl::Span<const uint32_t> token_ids() const { return output_.token_ids(); }
  // Prompt tokens that were not run again.
  uint32_t reused_tokens() const { return reused_tokens_; }
  // Positions of the KV cache in use.
  uint32_t kv_length() const { return parts_.session->length(); }
  // The logits that the last token was chosen from; valid until Next().
  absl::Span<const float> logits() const { return parts_.session->logits(); }

 private:
  Generator(const Parts& parts, const SamplingConfig& sampling,
            absl::Span<const uint32_t> prompt, uint32_t max_new_tokens);

  absl::Status Prefill(absl::Span<const uint32_t> prompt);
  absl::Status CheckCancel() const;

  Parts parts_;
  Sampler sampler_;
  GenerationOutput output_;
  uint32_t reused_tokens_ = 0;
  // Whether the last token was put out but not run through the model yet.
  bool pending_ = false;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_GENERATION_GENERATOR_H_
