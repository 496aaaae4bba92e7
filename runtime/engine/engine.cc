#include "runtime/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/load_model.h"
#include "runtime/engine/preflight.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/model/model.h"
#include "runtime/model/transformer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

template <typename... Parts>
absl::Status InvalidLength(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidLength, parts...);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Load(
    std::unique_ptr<const ByteSource> source, const EngineConfig& config,
    const std::optional<Digest>& expected_digest) {
  if (config.threads < 1 || config.threads > kMaxThreads) {
    return InvalidLength("Invalid option: threads is ", config.threads,
                         " (expected 1..", kMaxThreads, ")");
  }
  auto pool = std::make_unique<ThreadPool>(config.threads);
  PEDIGREE_ASSIGN_OR_RETURN(
      LoadedModel loaded,
      LoadModel(*source, config.repacks(), expected_digest, pool.get()));
  EngineConfig given = config;
  given.threads = pool->size();
  const auto create = [&] {
    return Transformer::Create(loaded.model->shape(), ToMemoryOptions(given),
                               pool.get(), config.kernels);
  };
  absl::StatusOr<Transformer> transformer = create();
  if (!transformer.ok() && loaded.packed.has_value()) {
    loaded.packed.reset();
    transformer = create();
  }
  PEDIGREE_RETURN_IF_ERROR(transformer.status());
  return absl::WrapUnique(new Engine(std::move(source), given, std::move(pool),
                                     std::move(loaded),
                                     *std::move(transformer)));
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Load(
    ByteSpan file_bytes, const EngineConfig& config) {
  return Load(std::make_unique<BorrowedBytes>(file_bytes), config);
}

Engine::Engine(std::unique_ptr<const ByteSource> source,
               const EngineConfig& config, std::unique_ptr<ThreadPool> pool,
               LoadedModel loaded, Transformer transformer)
    : source_(std::move(source)),
      config_(config),
      pool_(std::move(pool)),
      loaded_(std::move(loaded)),
      adapters_(*loaded_.model, loaded_.weights()),
      transformer_(std::move(transformer)) {}

Engine::~Engine() = default;

MemoryUse Engine::memory() const {
  MemoryUse use =
      WeightUse(model().reader(), model().weights(),
                loaded_.packed.has_value() ? loaded_.packed->bytes() : 0);
  use.tokenizer_bytes = model().tokenizer().allocated_bytes();
  use.context_tokens =
      static_cast<uint32_t>(transformer_.plan().context_tokens);
  use.scratch_bytes = transformer_.scratch_bytes();
  use.side_scratch_bytes = transformer_.side_scratch_bytes();
  use.adapter_bytes = adapters_.materialized_bytes();
  for (const EngineSession* session : sessions_) {
    use.kv_cache_bytes += session->session_.kv_cache_bytes();
    use.session_bytes += session->session_.bookkeeping_bytes();
  }
  return use;
}

absl::Status Engine::ValidateAdapter(ByteSpan adapter_bytes,
                                     const ApplyOptions& options) const {
  return adapters_.Validate(adapter_bytes, options);
}

absl::Status Engine::ApplyAdapter(ByteSpan adapter_bytes,
                                  const ApplyOptions& options) {
  PEDIGREE_RETURN_IF_ERROR(adapters_.Apply(adapter_bytes, options));
  EmptySessions();
  return absl::OkStatus();
}

void Engine::ResetAdapters() {
  adapters_.Reset();
  EmptySessions();
}

absl::StatusOr<std::unique_ptr<EngineSession>> Engine::NewSession(
    std::atomic<bool>* cancel) {
  if (sessions_.size() >= config_.sequences) {
    return MakeError(ErrorCode::kResourceLimit, "Engine has ", sessions_.size(),
                     " sessions already (sequences is ", config_.sequences,
                     ")");
  }
  absl::StatusOr<Session> session =
      Session::Create(model().shape(), config_.context_tokens);
  if (!session.ok() && GiveUpPacked()) {
    session = Session::Create(model().shape(), config_.context_tokens);
  }
  PEDIGREE_RETURN_IF_ERROR(session.status());
  std::unique_ptr<EngineSession> made = absl::WrapUnique(
      new EngineSession(this, *std::move(session), cancel));
  sessions_.push_back(made.get());
  return made;
}

absl::Status Engine::Decode(absl::Span<EngineSession* const> sessions,
                            absl::Span<const uint32_t> tokens) {
  if (tokens.size() != sessions.size()) {
    return InvalidLength("Cannot decode ", sessions.size(), " sessions with ",
                         tokens.size(), " tokens");
  }
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < sessions.size(); ++i) {
    chunks.push_back({sessions[i], tokens.subspan(i, 1), 1});
  }
  return RunTogether(chunks, [&](size_t chunk, size_t,
                                 absl::Span<const float> logits) {
    sessions[chunk]->session_.KeepLogits(logits);
  });
}

absl::Status Engine::RunTogether(absl::Span<const Chunk> chunks,
                                 const Session::LogitsVisitor& visit) {
  if (chunks.empty() || chunks.size() > config_.sequences) {
    return InvalidLength("Cannot decode ", chunks.size(),
                         " sessions (expected 1..", config_.sequences, ")");
  }
  uint64_t token_count = 0;
  uint64_t logits_count = 0;
  std::set<const EngineSession*> distinct;
  std::vector<Session::Chunk> parts;
  for (size_t i = 0; i < chunks.size(); ++i) {
    const Chunk& chunk = chunks[i];
    EngineSession& session = *chunk.session;
    if (session.engine_ != this) {
      return InvalidLength("Session ", i, " is another engine's");
    }
    if (!distinct.insert(&session).second) {
      return InvalidLength("Session ", i, " stands in the batch twice");
    }
    if (chunk.tokens.empty() || chunk.logits_count > chunk.tokens.size()) {
      return InvalidLength("Session ", i, " has ", chunk.tokens.size(),
                           " tokens to run and wants ", chunk.logits_count,
                           " logits (expected at most one for each)");
    }
    PEDIGREE_RETURN_IF_ERROR(CheckTokens(chunk.tokens));
    if (chunk.tokens.size() > session.capacity() - session.length()) {
      return MakeError(ErrorCode::kContextExceeded, "Session ", i, " of ",
                       session.length() + chunk.tokens.size(),
                       " tokens exceeds its context of ", session.capacity());
    }
    token_count += chunk.tokens.size();
    logits_count += chunk.logits_count;
    parts.push_back({&session.session_, chunk.tokens, chunk.logits_count});
  }
  if (token_count > config_.batch_tokens || logits_count > config_.sequences) {
    return InvalidLength("Cannot run ", token_count, " tokens with ",
                         logits_count, " logits at once (expected at most ",
                         config_.batch_tokens, " and ", config_.sequences,
                         ")");
  }
  for (const Chunk& chunk : chunks) {
    if (!chunk.session->cancel_->load(std::memory_order_relaxed)) continue;
    return chunk.session->Heed(
        MakeError(ErrorCode::kCancelled, "Generation was cancelled"));
  }
  for (const Chunk& chunk : chunks) chunk.session->generator_.reset();
  return Session::RunTogether(transformer_, adapters_.weights(), parts, visit);
}

absl::Status Engine::CheckTokens(absl::Span<const uint32_t> tokens) const {
  const uint32_t vocab_size = model().shape().vocab_size;
  for (const uint32_t token : tokens) {
    if (token < vocab_size) continue;
    return InvalidLength("Token ", token, " is past vocab_size ", vocab_size);
  }
  return absl::OkStatus();
}

bool Engine::GiveUpPacked() {
  if (!loaded_.packed.has_value() || !adapters_.digests().empty()) return false;
  loaded_.packed.reset();
  adapters_ = AdapterStack(model(), loaded_.weights());
  return true;
}

void Engine::EmptySessions() {
  for (EngineSession* session : sessions_) {
    session->generator_.reset();
    session->session_.Rewind(0);
  }
}

EngineSession::EngineSession(Engine* engine, Session session,
                             std::atomic<bool>* cancel)
    : engine_(engine),
      session_(std::move(session)),
      cancel_(cancel == nullptr ? &own_cancel_ : cancel),
      sampler_({}, engine->model().tokenizer().excluded(),
               engine->kernels()) {}

EngineSession::~EngineSession() {
  std::vector<EngineSession*>& sessions = engine_->sessions_;
  sessions.erase(std::find(sessions.begin(), sessions.end(), this));
}

absl::Status EngineSession::Heed(absl::Status status) {
  if (GetErrorCode(status) == ErrorCode::kCancelled) *cancel_ = false;
  return status;
}

absl::Status EngineSession::Run(absl::Span<const uint32_t> tokens) {
  PEDIGREE_RETURN_IF_ERROR(engine_->CheckTokens(tokens));
  if (tokens.size() > capacity() - length()) {
    return MakeError(ErrorCode::kContextExceeded, "Session of ",
                     length() + tokens.size(),
                     " tokens exceeds its context of ", capacity());
  }
  generator_.reset();
  return Heed(session_.Run(engine_->transformer_, engine_->adapters_.weights(),
                           tokens, cancel_));
}

absl::Status EngineSession::Rewind(uint32_t length) {
  if (length > session_.length()) {
    return InvalidLength("Cannot rewind to ", length, " tokens (session has ",
                         session_.length(), ")");
  }
  generator_.reset();
  session_.Rewind(length);
  return absl::OkStatus();
}

uint32_t EngineSession::RewindToShared(absl::Span<const uint32_t> tokens) {
  generator_.reset();
  return session_.RewindToShared(tokens);
}

absl::Status EngineSession::CopyStart(const EngineSession& other,
                                      uint32_t length) {
  if (other.engine_ != engine_) {
    return InvalidLength("Cannot copy from another engine's session");
  }
  if (length > other.length()) {
    return InvalidLength("Cannot copy ", length, " tokens (session has ",
                         other.length(), ")");
  }
  if (length > capacity()) {
    return MakeError(ErrorCode::kContextExceeded, "Session of ", length,
                     " tokens exceeds its context of ", capacity());
  }
  generator_.reset();
  if (&other == this) {
    session_.Rewind(length);
  } else {
    session_.CopyStart(other.session_, length);
  }
  return absl::OkStatus();
}

absl::Status EngineSession::SetSampling(const SamplingConfig& sampling) {
  PEDIGREE_RETURN_IF_ERROR(ValidateSampling(sampling));
  sampler_ = Sampler(sampling, engine_->model().tokenizer().excluded(),
                     engine_->kernels());
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> EngineSession::Sample() {
  if (logits().empty()) {
    return InvalidLength("Cannot sample: the session has no logits");
  }
  return sampler_.Sample(logits());
}

absl::Status EngineSession::Begin(std::string_view prompt,
                                  const GenerationOptions& options) {
  const Generator::Parts parts = {&engine_->model().tokenizer(),
                                  &engine_->adapters_.weights(),
                                  &engine_->transformer_,
                                  &session_,
                                  options.reuse_prefix,
                                  cancel_};
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> ids,
      Generator::CheckPrompt(parts, options.sampling, prompt));
  generator_.reset();
  absl::StatusOr<Generator> generator = Generator::BeginChecked(
      parts, options.sampling, ids, options.max_new_tokens);
  PEDIGREE_RETURN_IF_ERROR(Heed(generator.status()));
  generator_.emplace(*std::move(generator));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> EngineSession::Next() {
  if (!generator_.has_value()) return std::nullopt;
  absl::StatusOr<std::optional<std::string>> bytes = generator_->Next();
  if (!bytes.ok()) {
    generator_.reset();
    return Heed(bytes.status());
  }
  return bytes;
}

absl::StatusOr<Generation> EngineSession::Generate(
    std::string_view prompt, const GenerationOptions& options,
    const std::function<bool(std::string_view)>& on_bytes) {
  PEDIGREE_RETURN_IF_ERROR(Begin(prompt, options));
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, Next());
    if (!bytes.has_value()) break;
    if (on_bytes && !on_bytes(*bytes)) {
      EndGeneration();
      break;
    }
  }
  return generator_->Result();
}

void EngineSession::EndGeneration() {
  if (generator_.has_value() &&
      generator_->stop_reason() == StopReason::kNone) {
    generator_->Cancel();
  }
}

}  // namespace pedigree
