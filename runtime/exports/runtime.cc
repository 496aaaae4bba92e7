#include "runtime/exports/runtime.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/diagnostics/counted.h"
#include "runtime/diagnostics/diagnostics.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/preflight.h"
#include "runtime/evaluation/batch_runner.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/sampler.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/model.h"

namespace pedigree {
namespace {

// A model with everything that goes when it goes.
struct Loaded {
  const Generator* generation() const { return session->generation(); }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<EngineSession> session;
  std::unique_ptr<EvalRun> eval;
};

absl::Status NotLoaded() {
  return MakeError(ErrorCode::kModelNotLoaded, "No model is loaded");
}

std::vector<uint32_t> Copy(absl::Span<const uint32_t> ids) {
  return std::vector<uint32_t>(ids.begin(), ids.end());
}

// A run on the model's own session and others besides.
class RuntimeCases : public CaseRun {
 public:
  RuntimeCases(const Loaded& loaded,
               std::vector<std::unique_ptr<EngineSession>> others,
               CaseQueue& queue)
      : own_(*loaded.session), others_(std::move(others)) {
    std::vector<EngineSession*> sessions = {&own_};
    for (const auto& other : others_) sessions.push_back(other.get());
    run_ = StartBatched(*loaded.engine, sessions, queue);
  }
  // What cases left in the session is of no use to anybody.
  ~RuntimeCases() override { own_.Rewind(0).IgnoreError(); }

  absl::StatusOr<bool> Step() override { return run_->Step(); }

 private:
  EngineSession& own_;
  std::vector<std::unique_ptr<EngineSession>> others_;
  std::unique_ptr<CaseRun> run_;
};

}  // namespace

struct Runtime::State {
  explicit State(const EngineConfig& engine_config) : config(engine_config) {}

  uint64_t Now() const { return clock_ns ? clock_ns() : 0; }
  absl::Status Begin(std::string_view prompt, uint32_t max_new_tokens,
                     const SamplingConfig& config);
  absl::StatusOr<std::optional<std::string>> Next();
  absl::StatusOr<Generation> Generate(
      std::string_view prompt, uint32_t max_new_tokens,
      const SamplingConfig& config,
      const std::function<bool(std::string_view)>& on_bytes);
  RuntimeState Describe() const;
  std::optional<TokenDetail> Detail() const;
  Json Counted() const;

  EngineConfig config;
  std::optional<Loaded> loaded;
  SamplingConfig sampling;
  std::atomic<bool> cancel{false};
  std::function<uint64_t()> clock_ns;
  Measured measured;
  ErrorCode last_error = ErrorCode::kOk;
  bool show_token_detail = false;
};

absl::Status Runtime::State::Begin(std::string_view prompt,
                                   uint32_t max_new_tokens,
                                   const SamplingConfig& config) {
  if (!loaded.has_value()) return NotLoaded();
  GenerationOptions options;
  options.max_new_tokens = max_new_tokens;
  options.sampling = config;
  loaded->eval.reset();
  const uint64_t start_ns = Now();
  PEDIGREE_RETURN_IF_ERROR(loaded->session->Begin(prompt, options));
  measured.prefill_ns = Now() - start_ns;
  measured.decode_ns = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Runtime::State::Next() {
  if (!loaded.has_value()) return NotLoaded();
  const uint64_t start_ns = Now();
  absl::StatusOr<std::optional<std::string>> bytes = loaded->session->Next();
  measured.decode_ns += Now() - start_ns;
  return bytes;
}

RuntimeState Runtime::State::Describe() const {
  RuntimeState state;
  state.model_loaded = loaded.has_value();
  state.last_error = last_error;
  state.sampling = sampling;
  if (loaded.has_value() && loaded->generation() != nullptr) {
    const Generator& generator = *loaded->generation();
    state.kv_length = generator.kv_length();
    state.prompt_tokens = generator.prompt_tokens();
    state.generated_tokens =
        static_cast<uint32_t>(generator.token_ids().size());
    state.stop_reason = StopReasonName(generator.stop_reason());
  }
  return state;
}

std::optional<TokenDetail> Runtime::State::Detail() const {
  if (!show_token_detail) return std::nullopt;
  TokenDetail detail;
  if (loaded.has_value() && loaded->generation() != nullptr) {
    const Generator& generator = *loaded->generation();
    detail.token_ids = Copy(generator.token_ids());
    detail.logits.assign(generator.logits().begin(), generator.logits().end());
    detail.top_candidates =
        TopCandidates(detail.logits,
                      loaded->engine->model().tokenizer().excluded(),
                      kTopCandidates);
  }
  return detail;
}

Json Runtime::State::Counted() const {
  if (!loaded.has_value()) return nullptr;
  Json counted =
      CountAssembly(loaded->engine->model(), loaded->engine->adapters());
  if (loaded->generation() != nullptr) {
    const RuntimeState state = Describe();
    CountUse({GenerationWork({state.prompt_tokens, state.generated_tokens,
                              state.stop_reason})},
             counted);
  }
  return counted;
}

Runtime::Runtime(const EngineConfig& config)
    : state_(std::make_unique<State>(config)) {}

Runtime::~Runtime() = default;

absl::Status Runtime::LoadModel(ByteSpan file_bytes) {
  return LoadModel(std::make_unique<BorrowedBytes>(file_bytes));
}

absl::Status Runtime::LoadModel(std::unique_ptr<const ByteSource> source,
                                const std::optional<Digest>& expected_digest) {
  const uint64_t start_ns = state_->Now();
  Loaded loaded;
  PEDIGREE_ASSIGN_OR_RETURN(
      loaded.engine,
      Engine::Load(std::move(source), state_->config, expected_digest));
  PEDIGREE_ASSIGN_OR_RETURN(loaded.session,
                            loaded.engine->NewSession(&state_->cancel));
  // All that uses the old engine before the engine.
  state_->loaded.reset();
  state_->loaded = std::move(loaded);
  state_->measured = Measured();
  state_->measured.load_ns = state_->Now() - start_ns;
  return absl::OkStatus();
}

absl::Status Runtime::ValidateAdapter(ByteSpan adapter_bytes,
                                      const ApplyOptions& options) {
  if (!model_loaded()) return NotLoaded();
  return state_->loaded->engine->ValidateAdapter(adapter_bytes, options);
}

absl::Status Runtime::ApplyAdapter(ByteSpan adapter_bytes,
                                   const ApplyOptions& options) {
  if (!model_loaded()) return NotLoaded();
  PEDIGREE_RETURN_IF_ERROR(
      state_->loaded->engine->ApplyAdapter(adapter_bytes, options));
  EndEval();
  return absl::OkStatus();
}

absl::Status Runtime::ResetAdapters() {
  if (!model_loaded()) return NotLoaded();
  EndEval();
  state_->loaded->engine->ResetAdapters();
  return absl::OkStatus();
}

absl::Status Runtime::SetSampling(const SamplingConfig& config) {
  PEDIGREE_RETURN_IF_ERROR(ValidateSampling(config));
  state_->sampling = config;
  return absl::OkStatus();
}

absl::StatusOr<Generation> Runtime::State::Generate(
    std::string_view prompt, uint32_t max_new_tokens,
    const SamplingConfig& config,
    const std::function<bool(std::string_view)>& on_bytes) {
  PEDIGREE_RETURN_IF_ERROR(Begin(prompt, max_new_tokens, config));
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, Next());
    if (!bytes.has_value()) break;
    if (on_bytes && !on_bytes(*bytes)) {
      loaded->session->EndGeneration();
      break;
    }
  }
  return loaded->generation()->Result();
}

absl::StatusOr<Generation> Runtime::Generate(
    std::string_view prompt, uint32_t max_new_tokens,
    const std::function<bool(std::string_view)>& on_bytes) {
  return state_->Generate(prompt, max_new_tokens, state_->sampling, on_bytes);
}

absl::Status Runtime::BeginGeneration(std::string_view prompt,
                                      uint32_t max_new_tokens) {
  return state_->Begin(prompt, max_new_tokens, state_->sampling);
}

absl::StatusOr<std::optional<std::string>> Runtime::NextToken() {
  return state_->Next();
}

void Runtime::RequestCancel() { state_->cancel = true; }

absl::StatusOr<Subject> Runtime::GetSubject() {
  if (!model_loaded()) return NotLoaded();
  const Model& model = state_->loaded->engine->model();
  const AdapterStack& adapters = state_->loaded->engine->adapters();
  Subject subject;
  subject.model_digest = model.digest();
  subject.adapter_digests.assign(adapters.digests().begin(),
                                 adapters.digests().end());
  subject.assembly_digest = adapters.assembly_digest();
  subject.parent_receipt_digests.assign(adapters.receipt_digests().begin(),
                                        adapters.receipt_digests().end());
  subject.counted = CountAssembly(model, adapters);
  return subject;
}

absl::StatusOr<std::unique_ptr<CaseRun>> Runtime::StartCases(
    CaseQueue& queue) {
  if (!model_loaded()) return NotLoaded();
  EndEval();
  const Loaded& loaded = *state_->loaded;
  std::vector<std::unique_ptr<EngineSession>> others;
  while (others.size() + 1 < state_->config.sequences) {
    absl::StatusOr<std::unique_ptr<EngineSession>> session =
        loaded.engine->NewSession(&state_->cancel);
    if (!session.ok()) break;  // Fewer will do.
    others.push_back(*std::move(session));
  }
  PEDIGREE_RETURN_IF_ERROR(loaded.session->Rewind(0));
  return std::make_unique<RuntimeCases>(loaded, std::move(others), queue);
}

absl::Status Runtime::BeginEval(std::string_view request) {
  PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<EvalRun> run,
                            EvalRun::Begin(request, *this));
  state_->loaded->eval = std::move(run);
  return absl::OkStatus();
}

EvalRun* Runtime::eval() {
  return model_loaded() ? state_->loaded->eval.get() : nullptr;
}

void Runtime::EndEval() {
  if (model_loaded()) state_->loaded->eval.reset();
}

absl::Status Runtime::ResetContext() {
  if (!model_loaded()) return NotLoaded();
  EndEval();
  return state_->loaded->session->Rewind(0);
}

absl::Status Runtime::FreeModel() {
  if (!model_loaded()) return NotLoaded();
  state_->loaded.reset();
  return absl::OkStatus();
}

bool Runtime::model_loaded() const { return state_->loaded.has_value(); }

std::string Runtime::Diagnostics() const {
  Measured measured = state_->measured;
  measured.has_clock = static_cast<bool>(state_->clock_ns);
  measured.threads = state_->config.threads;
  measured.target = TargetName(state_->config.kernels->target);
  if (state_->loaded.has_value()) {
    const Engine& engine = *state_->loaded->engine;
    const MemoryUse use = engine.memory();
    measured.threads = engine.threads();
    measured.repacked_bytes = use.packed_bytes;
    measured.allocated_bytes = use.allocated_bytes();
  }
  return DiagnosticsDocument(state_->Counted(), measured, state_->Describe(),
                             state_->Detail());
}

void Runtime::ShowTokenDetail(bool show) { state_->show_token_detail = show; }

void Runtime::NoteStatus(const absl::Status& status) {
  state_->last_error = GetErrorCode(status);
}

void Runtime::SetClock(std::function<uint64_t()> clock_ns) {
  state_->clock_ns = std::move(clock_ns);
}

}  // namespace pedigree
