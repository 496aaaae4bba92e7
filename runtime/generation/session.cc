#include "runtime/generation/session.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
  return MakeError(ErrorCode::kContextExceeded, "Session of ",
                   tokens_.size() + count, " tokens exceeds its context of ",
                   capacity());
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
                                  absl::Span<const Chunk> chunks,
                                  const LogitsVisitor& visit) {
  std::vector<BatchToken> batch;
  for (const Chunk& chunk : chunks) {
    Session& session = *chunk.session;
    PEDIGREE_RETURN_IF_ERROR(session.CheckRoom(chunk.tokens.size()));
    const size_t first_logits = chunk.tokens.size() - chunk.logits_count;
    for (size_t i = 0; i < chunk.tokens.size(); ++i) {
      batch.push_back({&session.cache_, chunk.tokens[i],
                       session.length() + static_cast<uint32_t>(i),
                       i >= first_logits});
    }
  }
  for (const Chunk& chunk : chunks) chunk.session->logits_.clear();
  PEDIGREE_RETURN_IF_ERROR(transformer.Forward(weights, batch));
  size_t row = 0;
  for (size_t c = 0; c < chunks.size(); ++c) {
    const Chunk& chunk = chunks[c];
    std::vector<uint32_t>& tokens = chunk.session->tokens_;
    tokens.insert(tokens.end(), chunk.tokens.begin(), chunk.tokens.end());
    for (size_t i = chunk.tokens.size() - chunk.logits_count;
         i < chunk.tokens.size(); ++i) {
      visit(c, i, transformer.logits(row++));
    }
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

void Session::CopyStart(const Session& other, uint32_t length) {
  cache_.CopyStart(other.cache_, length);
  tokens_.assign(other.tokens_.begin(), other.tokens_.begin() + length);
  logits_.clear();
}

}  // namespace pedigree
