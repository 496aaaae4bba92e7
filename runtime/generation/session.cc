#include "runtime/generation/session.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/transformer.h"
#include "runtime/model/weights.h"

namespace pedigree {

absl::StatusOr<Session> Session::Create(const ModelShape& shape,
                                        uint32_t context_tokens) {
  PEDIGREE_ASSIGN_OR_RETURN(
      KvCache cache,
      KvCache::Create(shape, context_tokens == 0 ? shape.max_context
                                                 : context_tokens));
  Session session(std::move(cache));
  session.tokens_.reserve(session.capacity());
  session.logits_.reserve(shape.vocab_size);
  return session;
}

absl::Status Session::CheckRoom(uint64_t count) const {
  if (tokens_.size() + count <= capacity()) return absl::OkStatus();
  return MakeError(ErrorCode::kContextExceeded,
                   absl::StrCat("Session of ", tokens_.size() + count,
                                " tokens exceeds its context of ",
                                capacity()));
}

absl::Status Session::Run(Transformer& transformer, const Weights& weights,
                          absl::Span<const uint32_t> tokens,
                          const std::atomic<bool>* cancel) {
  PEDIGREE_RETURN_IF_ERROR(CheckRoom(tokens.size()));
  if (tokens.empty()) return absl::OkStatus();
  logits_.clear();
  std::vector<BatchToken> batch;
  while (!tokens.empty()) {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
      return MakeError(ErrorCode::kCancelled, "Generation was cancelled");
    }
    const absl::Span<const uint32_t> now =
        tokens.subspan(0, transformer.batch_tokens());
    tokens.remove_prefix(now.size());
    batch.clear();
    for (uint32_t token : now) {
      const uint32_t position =
          length() + static_cast<uint32_t>(batch.size());
      batch.push_back({&cache_, token, position, false});
    }
    batch.back().logits = tokens.empty();
    PEDIGREE_RETURN_IF_ERROR(transformer.Forward(weights, batch));
    tokens_.insert(tokens_.end(), now.begin(), now.end());
  }
  const absl::Span<const float> logits = transformer.logits();
  logits_.assign(logits.begin(), logits.end());
  return absl::OkStatus();
}

absl::Status Session::RunTogether(Transformer& transformer,
                                  const Weights& weights,
                                  absl::Span<Session* const> sessions,
                                  absl::Span<const uint32_t> tokens) {
  std::vector<BatchToken> batch;
  for (size_t i = 0; i < sessions.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(sessions[i]->CheckRoom(1));
    batch.push_back(
        {&sessions[i]->cache_, tokens[i], sessions[i]->length(), true});
  }
  for (Session* session : sessions) session->logits_.clear();
  PEDIGREE_RETURN_IF_ERROR(transformer.Forward(weights, batch));
  for (size_t i = 0; i < sessions.size(); ++i) {
    const absl::Span<const float> logits = transformer.logits(i);
    sessions[i]->tokens_.push_back(tokens[i]);
    sessions[i]->logits_.assign(logits.begin(), logits.end());
  }
  return absl::OkStatus();
}

void Session::Rewind(uint32_t length) {
  tokens_.resize(length);
  logits_.clear();
}

uint32_t Session::RewindToShared(absl::Span<const uint32_t> tokens) {
  const size_t most =
      tokens.empty() ? 0 : std::min(tokens.size() - 1, tokens_.size());
  const auto end = std::mismatch(tokens_.begin(), tokens_.begin() + most,
                                 tokens.begin())
                       .first;
  Rewind(static_cast<uint32_t>(end - tokens_.begin()));
  return length();
}

}  // namespace pedigree
