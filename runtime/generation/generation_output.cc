#include "runtime/generation/generation_output.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/types/span.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

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
    case StopReason::kStopString:
      return "stop-string";
  }
  return "";
}

GenerationOutput::GenerationOutput(const Tokenizer* tokenizer,
                                   GenerationLimits limits,
                                   absl::Span<const uint32_t> prompt)
    : tokenizer_(tokenizer),
      limits_(std::move(limits)),
      prompt_tokens_(static_cast<uint32_t>(prompt.size())),
      last_token_(prompt.back()) {
  for (const std::string& stop : limits_.stop_strings) {
    longest_stop_ = std::max(longest_stop_, stop.size());
  }
}

bool GenerationOutput::WantsToken() {
  if (stop_reason_ != StopReason::kNone) return false;
  if (token_ids_.size() >= limits_.max_new_tokens) {
    stop_reason_ = StopReason::kTokenLimit;
  } else if (prompt_tokens_ + token_ids_.size() >= limits_.context_tokens) {
    stop_reason_ = StopReason::kContextEnd;
  }
  return stop_reason_ == StopReason::kNone;
}

std::optional<std::string> GenerationOutput::Take(uint32_t token) {
  const absl::Span<const uint32_t> stop_ids = tokenizer_->stop_ids();
  if (std::binary_search(stop_ids.begin(), stop_ids.end(), token)) {
    stop_reason_ = StopReason::kStopToken;
    return std::nullopt;
  }
  std::string bytes = tokenizer_->DecodeBytes({&token, 1}, last_token_);
  if (output_.size() + bytes.size() > kMaxOutputBytes) {
    stop_reason_ = StopReason::kOutputLimit;
    return std::nullopt;
  }
  const size_t before = output_.size();
  output_ += bytes;
  token_ids_.push_back(token);
  last_token_ = token;
  // Any that begins earlier would have ended earlier.
  CutAtStopString(before - std::min(before, longest_stop_));
  return bytes;
}

void GenerationOutput::CutAtStopString(size_t from) {
  size_t first = output_.npos;
  for (const std::string& stop : limits_.stop_strings) {
    first = std::min(first, output_.find(stop, from));
  }
  if (first == output_.npos) return;
  output_.resize(first);
  stop_reason_ = StopReason::kStopString;
}

Generation GenerationOutput::Result() const {
  return {output_, token_ids_, prompt_tokens_,
          std::string(StopReasonName(stop_reason_))};
}

}  // namespace pedigree
