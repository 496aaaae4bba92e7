// A model that programs embed: load it, adapt it, run sessions on it.
//
//   absl::StatusOr<std::unique_ptr<Engine>> engine =
//       OpenEngine("model.slm", config);              // engine/open_engine.h
//   absl::StatusOr<std::unique_ptr<EngineSession>> session =
//       (*engine)->NewSession();
//   absl::StatusOr<Generation> generation =
//       (*session)->Generate("Once upon a time", {});
//
// One engine and its sessions do one thing at a time: calls must not overlap, but
// for EngineSession::RequestCancel. A failed call leaves everything as it was unless
// its comment says otherwise. examples/embed shows all of it at work.

#ifndef PEDIGREE_RUNTIME_ENGINE_ENGINE_H_
#define PEDIGREE_RUNTIME_ENGINE_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/load_model.h"
#include "runtime/engine/preflight.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/model.h"
#include "runtime/model/transformer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

struct GenerationOptions {
  // The context's end and kMaxOutputBytes are limits besides.
  uint32_t max_new_tokens = UINT32_MAX;
  SamplingConfig sampling;
  // Whether tokens that the session has run already, from its start on, are kept
  // instead of run again: a conversation goes on from its whole text. The results
  // are the same. Default: false.
  bool reuse_prefix = false;
};

class EngineSession;

// A model, its adapters and the memory to run it. Must outlive its sessions.
class Engine {
 public:
  // Loads the model of `source`, which it keeps. With an `expected_digest`, nothing
  // is read as a model before the file has shown to be that one.
  //
  // Errors: those of Model::Load, PlanMemory; code ResourceLimit;
  // kFailedPrecondition for another digest than expected.
  static absl::StatusOr<std::unique_ptr<Engine>> Load(
      std::unique_ptr<const ByteSource> source, const EngineConfig& config,
      const std::optional<Digest>& expected_digest = std::nullopt);
  // The same of bytes that must be 4-byte aligned and outlive the engine.
  static absl::StatusOr<std::unique_ptr<Engine>> Load(
      ByteSpan file_bytes, const EngineConfig& config);

  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Shape, tokenizer and identity.
  const Model& model() const { return *loaded_.model; }
  // What is on top of the model.
  const AdapterStack& adapters() const { return adapters_; }
  const Kernels& kernels() const { return *config_.kernels; }
  ThreadPool& pool() { return *pool_; }
  // Fewer than asked for when the system gives no more.
  int threads() const { return pool_->size(); }
  // Allocated now; see Preflight.
  MemoryUse memory() const;

  // Whether the adapter may be applied now; changes nothing.
  //
  // Errors: those of AdapterStack::Validate.
  absl::Status ValidateAdapter(ByteSpan adapter_bytes,
                               const ApplyOptions& options = {}) const;
  // Validates, then applies on top of those applied before: all or nothing.
  // Empties all sessions. Does not keep `adapter_bytes`.
  //
  // Errors: those of AdapterStack::Apply.
  absl::Status ApplyAdapter(ByteSpan adapter_bytes,
                            const ApplyOptions& options = {});
  // Back to the model as loaded, exactly. Empties all sessions.
  void ResetAdapters();

  // An empty session. While `cancel`, where given, is true, its calls fail with
  // code Cancelled and set it to false again, as after RequestCancel; it must
  // outlive the session.
  //
  // Errors: code ResourceLimit when there are config.sequences of them already, or
  // memory lacks.
  absl::StatusOr<std::unique_ptr<EngineSession>> NewSession(
      std::atomic<bool>* cancel = nullptr);

  // Runs one more token of each session, all in one batch: sessions of this engine,
  // each once. The bits are those of running each by itself. Ends generations in
  // progress.
  //
  // Errors: code InvalidLength for no or too many sessions, one that stands there
  // twice or is another engine's, a token past the vocabulary, or another number of
  // tokens; code ContextExceeded; code Cancelled for any of the sessions, with
  // nothing done; those of Transformer::Forward: then no session has changed, but for
  // its logits, which are gone.
  absl::Status Decode(absl::Span<EngineSession* const> sessions,
                      absl::Span<const uint32_t> tokens);

  // Tokens to run behind those of a session; the logits behind the last
  // `logits_count` of them are wanted.
  struct Chunk {
    EngineSession* session = nullptr;
    absl::Span<const uint32_t> tokens;
    uint32_t logits_count = 1;
  };

  // The same for several tokens of each session: at most config.batch_tokens in
  // all, and config.sequences logits. `visit`, which must not call the engine,
  // gets those in order; the sessions have none afterwards.
  //
  // Errors: those of Decode, with nothing done where a chunk is empty or wants
  // more logits than it has tokens.
  absl::Status RunTogether(absl::Span<const Chunk> chunks,
                           const Session::LogitsVisitor& visit);

  const EngineConfig& config() const { return config_; }

 private:
  friend class EngineSession;

  Engine(std::unique_ptr<const ByteSource> source, const EngineConfig& config,
         std::unique_ptr<ThreadPool> pool, LoadedModel loaded,
         Transformer transformer);

  absl::Status CheckTokens(absl::Span<const uint32_t> tokens) const;
  // Frees the repacked copy for what must have room; false where there is none, or
  // where it is in use below adapters.
  bool GiveUpPacked();
  void EmptySessions();

  std::unique_ptr<const ByteSource> source_;
  EngineConfig config_;
  std::unique_ptr<ThreadPool> pool_;
  LoadedModel loaded_;
  AdapterStack adapters_;
  Transformer transformer_;
  std::vector<EngineSession*> sessions_;
};

// One sequence of tokens on an engine's model. Two ways to run it, which mix:
// tokens and logits (Run, Sample, Rewind), and texts (Begin and Next, Generate).
class EngineSession {
 public:
  ~EngineSession();
  EngineSession(const EngineSession&) = delete;
  EngineSession& operator=(const EngineSession&) = delete;

  // Runs `tokens` behind those of the session: a prompt, or what goes on from it.
  // Ends a generation in progress.
  //
  // Errors: code InvalidLength for a token past the vocabulary; code ContextExceeded
  // when they don't fit; code Cancelled; those of Transformer::Forward. After the
  // last two, the session ends where the batch that failed began, without logits.
  absl::Status Run(absl::Span<const uint32_t> tokens);
  // Forgets all but the first `length` tokens, and the logits. Ends a generation in
  // progress.
  //
  // Errors: code InvalidLength for more than length().
  absl::Status Rewind(uint32_t length);
  // Rewinds to the longest start that the session shares with `tokens`, but for the
  // last of them, so that running the rest gives logits. Returns its length.
  uint32_t RewindToShared(absl::Span<const uint32_t> tokens);
  // Becomes the first `length` tokens of another session of the same engine,
  // without running them again. Ends a generation in progress.
  //
  // Errors: code InvalidLength for more than other.length() or another engine's
  // session; code ContextExceeded for more than capacity().
  absl::Status CopyStart(const EngineSession& other, uint32_t length);

  // How Sample chooses from now on, its random numbers from their start.
  //
  // Errors: those of ValidateSampling.
  absl::Status SetSampling(const SamplingConfig& sampling);
  // The next token by the logits, which a caller may Run. Greedy by default.
  //
  // Errors: code InvalidLength without logits; those of Sampler::Sample.
  absl::StatusOr<uint32_t> Sample();

  // Starts anew with `prompt` and runs it.
  //
  // Errors: those of Generator::CheckPrompt, which leave everything as it was; code
  // Cancelled and those of Transformer::Forward, after which there is no generation.
  absl::Status Begin(std::string_view prompt, const GenerationOptions& options);
  // The bytes of one more token (perhaps none), or nothing when the generation has
  // ended or none has begun. On an error there is no generation any more.
  //
  // Errors: those of Generator::Next.
  absl::StatusOr<std::optional<std::string>> Next();
  // Ends the generation in progress for the caller's own reason: "cancelled".
  void EndGeneration();
  // Begin and Next to the end. `on_bytes`, when set, gets the output as it comes and
  // returns false to cancel, which is no error. It must not call the engine or its
  // sessions, but for RequestCancel.
  absl::StatusOr<Generation> Generate(
      std::string_view prompt, const GenerationOptions& options,
      const std::function<bool(std::string_view)>& on_bytes = nullptr);

  // The call of this session in progress that runs tokens, or else the next one,
  // fails with code Cancelled. May be called from any thread.
  void RequestCancel() { cancel_->store(true); }

  uint32_t length() const { return session_.length(); }
  uint32_t capacity() const { return session_.capacity(); }
  absl::Span<const uint32_t> tokens() const { return session_.tokens(); }
  // Shape [vocab_size]; empty when the last token has not been run.
  absl::Span<const float> logits() const { return session_.logits(); }
  // The generation that was begun last, unless a call ended it.
  const Generator* generation() const {
    return generator_.has_value() ? &*generator_ : nullptr;
  }

 private:
  friend class Engine;

  EngineSession(Engine* engine, Session session, std::atomic<bool>* cancel);

  // Passes `status` on; a request to cancel that it tells of is over.
  absl::Status Heed(absl::Status status);

  Engine* engine_;
  Session session_;
  std::atomic<bool> own_cancel_{false};
  std::atomic<bool>* cancel_;
  Sampler sampler_;
  std::optional<Generator> generator_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ENGINE_ENGINE_H_
