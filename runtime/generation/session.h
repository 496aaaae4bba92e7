// One sequence of tokens on a model: run, go on, go back.

#ifndef PEDIGREE_RUNTIME_GENERATION_SESSION_H_
#define PEDIGREE_RUNTIME_GENERATION_SESSION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/transformer.h"
#include "runtime/model/weights.h"

namespace pedigree {

// Holds the tokens that were run, their keys and values, and the logits behind
// the last. Any number of sessions may share a transformer, one call at a time.
// After a change of weights, as by an adapter, go back to length 0. Movable, not
// thread-safe.
class Session {
 public:
  // Memory for `context_tokens` positions (0: the shape's max_context).
  //
  // Errors: code ResourceLimit.
  static absl::StatusOr<Session> Create(const ModelShape& shape,
                                        uint32_t context_tokens = 0);

  // Runs `tokens` behind those of the session, in batches of what the
  // transformer takes. `cancel`, where given, is looked at before each batch.
  //
  // Errors: code ContextExceeded when they don't fit, with nothing done; code
  // Cancelled; those of Transformer::Forward. Then the session ends where the
  // batch that failed began, without logits.
  absl::Status Run(Transformer& transformer, const Weights& weights,
                   absl::Span<const uint32_t> tokens,
                   const std::atomic<bool>* cancel = nullptr);

  // Tokens to run behind those of a session, of which the last `logits_count`
  // want logits.
  struct Chunk {
    Session* session = nullptr;
    absl::Span<const uint32_t> tokens;
    uint32_t logits_count = 1;
  };
  // Gets the logits behind token `index` of chunk `chunk`, shape [vocab_size].
  using LogitsVisitor = std::function<void(size_t chunk, size_t index,
                                           absl::Span<const float> logits)>;

  // Runs chunks of several sessions in one batch, of at most the transformer's
  // batch_tokens and logits_rows. No session stands there twice, no chunk is
  // empty. The bits are those of running each by itself. Afterwards `visit` gets
  // the logits that were asked for, in order; the sessions keep none.
  //
  // Errors: code ContextExceeded, naming the session, with nothing done; those
  // of Transformer::Forward: then no session has changed, but for its logits,
  // which are gone.
  static absl::Status RunTogether(Transformer& transformer,
                                  const Weights& weights,
                                  absl::Span<const Chunk> chunks,
                                  const LogitsVisitor& visit);

  // Keeps the logits behind the last token.
  void KeepLogits(absl::Span<const float> logits) {
    logits_.assign(logits.begin(), logits.end());
  }

  // Forgets all but the first `length` tokens, and the logits. length is at
  // most length().
  void Rewind(uint32_t length);

  // Rewinds to the longest start that the session shares with `tokens`, but for
  // the last of them, so that running the rest gives logits. Returns its length.
  uint32_t RewindToShared(absl::Span<const uint32_t> tokens);

  // Becomes the first `length` tokens of another session of the same model,
  // without running them. length is at most other.length() and capacity().
  void CopyStart(const Session& other, uint32_t length);

  uint32_t length() const { return static_cast<uint32_t>(tokens_.size()); }
  uint32_t capacity() const { return cache_.capacity(); }
  uint64_t kv_cache_bytes() const { return cache_.bytes(); }
  // Of tokens and logits, as allocated.
  uint64_t bookkeeping_bytes() const {
    return tokens_.capacity() * sizeof(uint32_t) +
           logits_.capacity() * sizeof(float);
  }
  absl::Span<const uint32_t> tokens() const { return tokens_; }
  // Shape [vocab_size]; empty when the last token has not been run.
  absl::Span<const float> logits() const { return logits_; }

 private:
  explicit Session(KvCache cache) : cache_(std::move(cache)) {}

  absl::Status CheckRoom(uint64_t count) const;

  KvCache cache_;
  std::vector<uint32_t> tokens_;
  std::vector<float> logits_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_GENERATION_SESSION_H_
