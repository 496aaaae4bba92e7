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
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/diagnostics/counted.h"
#include "runtime/diagnostics/diagnostics.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/transformer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

// A model with everything that goes when it goes.
struct Loaded {
  Loaded(std::unique_ptr<const Model> loaded_model,
         std::optional<PackedWeights> packed_weights, Transformer transformer,
         Session session)
      : model(std::move(loaded_model)),
        packed(std::move(packed_weights)),
        adapters(*model,
                 packed.has_value() ? packed->weights() : model->weights()),
        transformer(std::move(transformer)),
        session(std::move(session)) {}

  std::unique_ptr<const Model> model;
  std::optional<PackedWeights> packed;
  AdapterStack adapters;
  Transformer transformer;
  Session session;
  std::optional<Generator> generator;
};

absl::Status NotLoaded() {
  return MakeError(ErrorCode::kModelNotLoaded, "No model is loaded");
}

std::vector<uint32_t> Copy(absl::Span<const uint32_t> ids) {
  return std::vector<uint32_t>(ids.begin(), ids.end());
}

}  // namespace

struct Runtime::State {
  explicit State(const RuntimeOptions& runtime_options)
      : options(runtime_options),
        kernels(options.target.has_value() ? *FindKernels(*options.target)
                                           : BestKernels()),
        pool(options.threads) {}

  uint64_t Now() const { return clock_ns ? clock_ns() : 0; }
  absl::Status Begin(std::string_view prompt, uint32_t max_new_tokens,
                     const SamplingConfig& config);
  absl::StatusOr<std::optional<std::string>> Next();
  absl::StatusOr<Generation> RunToEnd(
      const std::function<bool(std::string_view)>& on_bytes);
  RuntimeState Describe() const;
  std::optional<TokenDetail> Detail() const;
  Json Counted() const;

  RuntimeOptions options;
  const Kernels& kernels;
  ThreadPool pool;
  std::unique_ptr<Loaded> loaded;
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
  if (loaded == nullptr) return NotLoaded();
  loaded->generator.reset();
  const uint64_t start_ns = Now();
  absl::StatusOr<Generator> generator = Generator::Begin(
      {&loaded->model->tokenizer(), &loaded->adapters.weights(),
       &loaded->transformer, &loaded->session, false, &cancel},
      config, prompt, max_new_tokens);
  measured.prefill_ns = Now() - start_ns;
  measured.decode_ns = 0;
  if (!generator.ok()) {
    cancel = false;
    return generator.status();
  }
  loaded->generator.emplace(*std::move(generator));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Runtime::State::Next() {
  if (loaded == nullptr) return NotLoaded();
  if (!loaded->generator.has_value()) return std::nullopt;
  const uint64_t start_ns = Now();
  absl::StatusOr<std::optional<std::string>> bytes = loaded->generator->Next();
  measured.decode_ns += Now() - start_ns;
  if (!bytes.ok()) {
    cancel = false;
    loaded->generator.reset();
  }
  return bytes;
}

absl::StatusOr<Generation> Runtime::State::RunToEnd(
    const std::function<bool(std::string_view)>& on_bytes) {
  Generation generation;
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, Next());
    if (!bytes.has_value()) break;
    generation.output += *bytes;
    if (on_bytes && !on_bytes(*bytes)) {
      loaded->generator->Cancel();
      break;
    }
  }
  const Generator& generator = *loaded->generator;
  generation.token_ids = Copy(generator.token_ids());
  generation.prompt_tokens = generator.prompt_tokens();
  generation.stop_reason = std::string(StopReasonName(generator.stop_reason()));
  return generation;
}

RuntimeState Runtime::State::Describe() const {
  RuntimeState state;
  state.model_loaded = loaded != nullptr;
  state.last_error = last_error;
  state.sampling = sampling;
  if (loaded != nullptr && loaded->generator.has_value()) {
    const Generator& generator = *loaded->generator;
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
  if (loaded != nullptr && loaded->generator.has_value()) {
    const Generator& generator = *loaded->generator;
    detail.token_ids = Copy(generator.token_ids());
    detail.logits.assign(generator.logits().begin(), generator.logits().end());
    detail.top_candidates = TopCandidates(
        detail.logits, loaded->model->tokenizer().excluded(), kTopCandidates);
  }
  return detail;
}

Json Runtime::State::Counted() const {
  if (loaded == nullptr) return nullptr;
  Json counted = CountAssembly(*loaded->model, loaded->adapters);
  if (loaded->generator.has_value()) {
    const RuntimeState state = Describe();
    CountUse({{state.prompt_tokens, state.generated_tokens,
               state.stop_reason}},
             counted);
  }
  return counted;
}

Runtime::Runtime(const RuntimeOptions& options)
    : state_(std::make_unique<State>(options)) {}

Runtime::~Runtime() = default;

absl::Status Runtime::LoadModel(ByteSpan file_bytes) {
  const uint64_t start_ns = state_->Now();
  PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<const Model> model,
                            Model::Load(file_bytes));
  MemoryOptions memory;
  memory.threads = static_cast<uint32_t>(state_->pool.size());
  PEDIGREE_ASSIGN_OR_RETURN(
      Transformer transformer,
      Transformer::Create(model->shape(), memory, &state_->pool,
                          &state_->kernels));
  PEDIGREE_ASSIGN_OR_RETURN(Session session, Session::Create(model->shape()));
  std::optional<PackedWeights> packed;
  if (state_->options.repack) {
    absl::StatusOr<PackedWeights> repacked =
        PackedWeights::Pack(model->weights(), &state_->pool);
    if (repacked.ok()) packed = *std::move(repacked);
  }
  state_->loaded = std::make_unique<Loaded>(
      std::move(model), std::move(packed), std::move(transformer),
      std::move(session));
  state_->measured = Measured();
  state_->measured.load_ns = state_->Now() - start_ns;
  return absl::OkStatus();
}

absl::Status Runtime::ValidateAdapter(ByteSpan adapter_bytes,
                                      const ApplyOptions& options) {
  if (!model_loaded()) return NotLoaded();
  return state_->loaded->adapters.Validate(adapter_bytes, options);
}

absl::Status Runtime::ApplyAdapter(ByteSpan adapter_bytes,
                                   const ApplyOptions& options) {
  if (!model_loaded()) return NotLoaded();
  PEDIGREE_RETURN_IF_ERROR(
      state_->loaded->adapters.Apply(adapter_bytes, options));
  return ResetContext();
}

absl::Status Runtime::ResetAdapters() {
  if (!model_loaded()) return NotLoaded();
  state_->loaded->adapters.Reset();
  return ResetContext();
}

absl::Status Runtime::SetSampling(const SamplingConfig& config) {
  PEDIGREE_RETURN_IF_ERROR(ValidateSampling(config));
  state_->sampling = config;
  return absl::OkStatus();
}

absl::StatusOr<Generation> Runtime::Generate(
    std::string_view prompt, uint32_t max_new_tokens,
    const std::function<bool(std::string_view)>& on_bytes) {
  PEDIGREE_RETURN_IF_ERROR(
      state_->Begin(prompt, max_new_tokens, state_->sampling));
  return state_->RunToEnd(on_bytes);
}

absl::Status Runtime::BeginGeneration(std::string_view prompt,
                                      uint32_t max_new_tokens) {
  return state_->Begin(prompt, max_new_tokens, state_->sampling);
}

absl::StatusOr<std::optional<std::string>> Runtime::NextToken() {
  return state_->Next();
}

void Runtime::RequestCancel() { state_->cancel = true; }

absl::StatusOr<CaseOutput> Runtime::RunCase(std::string_view prompt,
                                            uint32_t max_new_tokens) {
  PEDIGREE_RETURN_IF_ERROR(
      state_->Begin(prompt, max_new_tokens, SamplingConfig()));
  PEDIGREE_ASSIGN_OR_RETURN(Generation generation, state_->RunToEnd(nullptr));
  return CaseOutput{std::move(generation.output),
                    std::move(generation.token_ids), generation.prompt_tokens,
                    std::move(generation.stop_reason)};
}

absl::StatusOr<Subject> Runtime::GetSubject() {
  if (!model_loaded()) return NotLoaded();
  const Loaded& loaded = *state_->loaded;
  Subject subject;
  subject.model_digest = loaded.model->digest();
  subject.adapter_digests.assign(loaded.adapters.digests().begin(),
                                 loaded.adapters.digests().end());
  subject.assembly_digest = loaded.adapters.assembly_digest();
  subject.parent_receipt_digests.assign(
      loaded.adapters.receipt_digests().begin(),
      loaded.adapters.receipt_digests().end());
  subject.counted = CountAssembly(*loaded.model, loaded.adapters);
  return subject;
}

absl::Status Runtime::ResetContext() {
  if (!model_loaded()) return NotLoaded();
  state_->loaded->generator.reset();
  state_->loaded->session.Rewind(0);
  return absl::OkStatus();
}

absl::Status Runtime::FreeModel() {
  if (!model_loaded()) return NotLoaded();
  state_->loaded.reset();
  return absl::OkStatus();
}

bool Runtime::model_loaded() const { return state_->loaded != nullptr; }

std::string Runtime::Diagnostics() const {
  Measured measured = state_->measured;
  measured.has_clock = static_cast<bool>(state_->clock_ns);
  measured.threads = state_->pool.size();
  measured.target = TargetName(state_->kernels.target);
  if (state_->loaded != nullptr) {
    if (state_->loaded->packed.has_value()) {
      measured.repacked_bytes = state_->loaded->packed->bytes();
    }
    measured.allocated_bytes =
        state_->loaded->transformer.plan().total_bytes +
        state_->loaded->adapters.materialized_bytes();
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
