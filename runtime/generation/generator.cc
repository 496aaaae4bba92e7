#include "runtime/generation/generator.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/generation/generation_output.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/model/transformer.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
Generator::Generator(const Parts& parts, const SamplingConfig& sampling,
                     absl::Span<const uint32_t> prompt,
                     uint32_t max_new_tokens)
    : parts_(parts),
      sampler_(sampling, parts.tokenizer->excluded(),
               parts.transformer->kernels()),
      output_(parts.tokenizer,
              {max_new_tokens, parts.session->capacity(), {}}, prompt) {}

absl::StatusOr<Generator> Generator::Begin(const Parts& parts,
                                           const SamplingConfig& sampling,
                                           std::string_view prompt,
                                           uint32_t max_new_tokens) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids,
                            CheckPrompt(parts, sampling, prompt));
  return BeginChecked(parts, sampling, ids, max_new_tokens);
}

absl::StatusOr<std::vector<uint32_t>> Generator::CheckPrompt(
    const Parts& parts, const SamplingConfig& sampling,
    std::string_view prompt) {
  PEDIGREE_RETURN_IF_ERROR(ValidateSampling(sampling));
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<uint32_t> ids,
                            parts.tokenizer->EncodePrompt(prompt));
  if (ids.empty()) {
    return MakeError(ErrorCode::kInvalidLength,
                     "Prompt has no tokens (expected at least 1)");
  }
  if (ids.size() > parts.session->capacity()) {
    return MakeError(ErrorCode::kContextExceeded, "Prompt of ", ids.size(),
                     " tokens exceeds max_context ", parts.session->capacity());
  }
  return ids;
}

absl::StatusOr<Generator> Generator::BeginChecked(
    const Parts& parts, const SamplingConfig& sampling,
    absl::Span<const uint32_t> prompt, uint32_t max_new_tokens) {
  Generator generator(parts, sampling, prompt, max_new_tokens);
  PEDIGREE_RETURN_IF_ERROR(generator.Prefill(prompt));
  return generator;
}

absl::Status Generator::Prefill(absl::Span<const uint32_t> prompt) {
  if (parts_.reuse_prefix) {
    reused_tokens_ = parts_.session->RewindToShared(prompt);
  } else {
    parts_.session->Rewind(0);
  }
  return parts_.session->Run(*parts_.transformer, *parts_.weights,
                             prompt.subspan(reused_tokens_), parts_.cancel);
}

absl::StatusOr<std::optional<std::string>> Generator::Next() {
  if (output_.stop_reason() != StopReason::kNone) return std::nullopt;
  PEDIGREE_RETURN_IF_ERROR(CheckCancel());
  if (!output_.WantsToken()) return std::nullopt;
  if (pending_) {
    const uint32_t token = output_.last_token();
    PEDIGREE_RETURN_IF_ERROR(parts_.session->Run(
        *parts_.transformer, *parts_.weights, {&token, 1}, parts_.cancel));
    pending_ = false;
  }
  PEDIGREE_ASSIGN_OR_RETURN(const uint32_t token, sampler_.Sample(logits()));
  std::optional<std::string> bytes = output_.Take(token);
  pending_ = bytes.has_value();
  return bytes;
}

absl::Status Generator::CheckCancel() const {
  if (parts_.cancel != nullptr &&
      parts_.cancel->load(std::memory_order_relaxed)) {
    return MakeError(ErrorCode::kCancelled, "Generation was cancelled");
  }
  return absl::OkStatus();
}

}  // namespace pedigree
