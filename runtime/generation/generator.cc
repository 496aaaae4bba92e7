#include "runtime/generation/generator.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/model/transformer.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

bool Contains(absl::Span<const uint32_t> ascending, uint32_t id) {
  return std::binary_search(ascending.begin(), ascending.end(), id);
}

}  // namespace

std::string_view StopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::kNone:
      return "";
    case StopReason::kStopToken:
      return "stop-token";
    case StopReason::kTokenLimit:
      return "token-limit";
    case StopReason::kContextEnd:
      return "context-end";
    case StopReason::kOutputLimit:
      return "output-limit";
    case StopReason::kCancelled:
      return "cancelled";
  }
  return "";
}

Generator::Generator(const Parts& parts, const SamplingConfig& sampling,
                     uint32_t max_new_tokens)
    : parts_(parts),
      sampler_(sampling, parts.tokenizer->excluded(),
               parts.transformer->kernels()),
      max_new_tokens_(max_new_tokens) {}

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
    return MakeError(ErrorCode::kContextExceeded,
                     absl::StrCat("Prompt of ", ids.size(),
                                  " tokens exceeds max_context ",
                                  parts.session->capacity()));
  }
  return ids;
}

absl::StatusOr<Generator> Generator::BeginChecked(
    const Parts& parts, const SamplingConfig& sampling,
    absl::Span<const uint32_t> prompt, uint32_t max_new_tokens) {
  Generator generator(parts, sampling, max_new_tokens);
  PEDIGREE_RETURN_IF_ERROR(generator.Prefill(prompt));
  return generator;
}

absl::Status Generator::Prefill(absl::Span<const uint32_t> prompt) {
  prompt_tokens_ = static_cast<uint32_t>(prompt.size());
  if (parts_.reuse_prefix) {
    reused_tokens_ = parts_.session->RewindToShared(prompt);
  } else {
    parts_.session->Rewind(0);
  }
  previous_token_ = prompt.back();
  return parts_.session->Run(*parts_.transformer, *parts_.weights,
                             prompt.subspan(reused_tokens_), parts_.cancel);
}

absl::StatusOr<std::optional<std::string>> Generator::Next() {
  if (stop_reason_ != StopReason::kNone) return std::nullopt;
  PEDIGREE_RETURN_IF_ERROR(CheckCancel());
  const size_t length = size_t{prompt_tokens_} + token_ids_.size();
  if (token_ids_.size() >= max_new_tokens_) {
    stop_reason_ = StopReason::kTokenLimit;
  } else if (length >= parts_.session->capacity()) {
    stop_reason_ = StopReason::kContextEnd;
  }
  if (stop_reason_ != StopReason::kNone) return std::nullopt;
  if (pending_) {
    PEDIGREE_RETURN_IF_ERROR(
        parts_.session->Run(*parts_.transformer, *parts_.weights,
                            {&previous_token_, 1}, parts_.cancel));
    pending_ = false;
  }
  PEDIGREE_ASSIGN_OR_RETURN(const uint32_t token, sampler_.Sample(logits()));
  if (Contains(parts_.tokenizer->stop_ids(), token)) {
    stop_reason_ = StopReason::kStopToken;
    return std::nullopt;
  }
  std::string bytes =
      parts_.tokenizer->DecodeBytes({&token, 1}, previous_token_);
  if (output_.size() + bytes.size() > kMaxOutputBytes) {
    stop_reason_ = StopReason::kOutputLimit;
    return std::nullopt;
  }
  output_ += bytes;
  token_ids_.push_back(token);
  previous_token_ = token;
  pending_ = true;
  return bytes;
}

Generation Generator::Result() const {
  return {output_, token_ids_, prompt_tokens_,
          std::string(StopReasonName(stop_reason_))};
}

absl::Status Generator::CheckCancel() const {
  if (parts_.cancel != nullptr &&
      parts_.cancel->load(std::memory_order_relaxed)) {
    return MakeError(ErrorCode::kCancelled, "Generation was cancelled");
  }
  return absl::OkStatus();
}

}  // namespace pedigree
