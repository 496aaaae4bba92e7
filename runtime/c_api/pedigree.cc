#include "runtime/c_api/pedigree.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/engine/preflight.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/sampler.h"
#include "runtime/model/model.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

static_assert(PEDIGREE_INVALID_TOKENIZER ==
              static_cast<uint32_t>(ErrorCode::kInvalidTokenizer));
static_assert(PEDIGREE_NO_TOKEN == Tokenizer::kNoToken);
static_assert(PEDIGREE_STOP_CANCELLED ==
              static_cast<uint32_t>(StopReason::kCancelled));

// An engine that calls take turns with.
class SharedEngine {
 public:
  explicit SharedEngine(std::unique_ptr<Engine> engine)
      : engine_(std::move(engine)) {}

  // One call's turn.
  class Turn {
   public:
    // Waits. Not for a call inside another one of the same thread.
    explicit Turn(SharedEngine& shared) : shared_(&shared) {
      if (shared.owner_.load() == std::this_thread::get_id()) return;
      shared.mutex_.lock();
      shared.owner_ = std::this_thread::get_id();
      has_it_ = true;
    }
    ~Turn() {
      if (!has_it_) return;
      shared_->owner_ = std::thread::id();
      shared_->mutex_.unlock();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    absl::Status status() const {
      if (has_it_) return absl::OkStatus();
      return MakeError(ErrorCode::kGenerationFailed,
                       "A callback called the library on its own model");
    }

   private:
    SharedEngine* shared_;
    bool has_it_ = false;
  };

  Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<Engine> engine_;
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_{};
};

}  // namespace
}  // namespace pedigree

struct pedigree_model {
  std::shared_ptr<pedigree::SharedEngine> shared;
};

struct pedigree_session {
  std::shared_ptr<pedigree::SharedEngine> shared;
  std::unique_ptr<pedigree::EngineSession> session;
  pedigree::SamplingConfig sampling;
  // What pointers that were given out point to.
  std::string output;
  std::string piece;
};

namespace pedigree {
namespace {

std::string& LastError() {
  static thread_local std::string message;
  return message;
}

pedigree_code Report(const absl::Status& status) {
  if (status.ok()) return PEDIGREE_OK;
  LastError().assign(status.message().data(), status.message().size());
  // A status without a code of ours is one of the system's about a file, or an
  // unexpected digest.
  return HasErrorCode(status) ? static_cast<uint32_t>(GetErrorCode(status))
                              : PEDIGREE_MODEL_NOT_LOADED;
}

// Runs a call's body, out of which nothing is thrown.
template <typename Body>
pedigree_code Call(Body body) {
  try {
    return Report(body());
  } catch (const std::bad_alloc&) {
    // Too little to build a message from.
    try {
      LastError() = "Out of memory";
    } catch (...) {
    }
    return PEDIGREE_RESOURCE_LIMIT;
  } catch (...) {
    return PEDIGREE_GENERATION_FAILED;
  }
}

absl::Status CheckPointer(const void* pointer, std::string_view name) {
  if (pointer != nullptr) return absl::OkStatus();
  return MakeError(ErrorCode::kNullPointer,
                   absl::StrCat("Null pointer: ", name));
}

absl::Status CheckArray(const void* pointer, size_t length,
                        std::string_view name) {
  return length == 0 ? absl::OkStatus() : CheckPointer(pointer, name);
}

template <typename Struct>
absl::Status CheckStruct(const Struct* value, std::string_view name) {
  PEDIGREE_RETURN_IF_ERROR(CheckPointer(value, name));
  if (value->struct_size == sizeof(Struct)) return absl::OkStatus();
  return MakeError(ErrorCode::kInvalidLength,
                   absl::StrCat("Invalid ", name, ": struct_size is ",
                                value->struct_size, " (expected ",
                                sizeof(Struct), ")"));
}

// A struct of zeros with its size.
template <typename Struct>
Struct Blank() {
  Struct value;
  std::memset(&value, 0, sizeof(value));
  value.struct_size = sizeof(value);
  return value;
}

template <typename Struct>
pedigree_code Init(Struct* out, std::string_view name, const Struct& value) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(out, name));
    *out = value;
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string_view> Text(const char* text, size_t length,
                                      std::string_view name) {
  PEDIGREE_RETURN_IF_ERROR(CheckArray(text, length, name));
  const std::string_view view(length == 0 ? "" : text, length);
  if (IsValidUtf8(view)) return view;
  return MakeError(ErrorCode::kInvalidUtf8,
                   absl::StrCat("Text of ", length,
                                " bytes is not valid UTF-8: ", name));
}

// Runs `body` with the engine in the call's turn.
template <typename Handle, typename Body>
pedigree_code CallOn(Handle* handle, std::string_view name, Body body) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(handle, name));
    SharedEngine& shared = *handle->shared;
    const SharedEngine::Turn turn(shared);
    PEDIGREE_RETURN_IF_ERROR(turn.status());
    return body(shared.engine());
  });
}

// --- Options and memory ----------------------------------------------------

pedigree_options DefaultOptions() {
  const EngineConfig config;
  auto options = Blank<pedigree_options>();
  options.threads = static_cast<uint32_t>(config.threads);
  options.repack = config.repack ? 1 : 0;
  options.context_tokens = config.context_tokens;
  options.sequences = config.sequences;
  options.batch_tokens = config.batch_tokens;
  return options;
}

struct ReadOptions {
  EngineConfig config;
  std::optional<Digest> expected_digest;
};

absl::StatusOr<ReadOptions> Read(const pedigree_options* options) {
  ReadOptions read;
  if (options == nullptr) return read;
  PEDIGREE_RETURN_IF_ERROR(CheckStruct(options, "options"));
  if (options->threads < 1 ||
      options->threads > static_cast<uint32_t>(kMaxThreads)) {
    return MakeError(ErrorCode::kInvalidLength,
                     absl::StrCat("Invalid option: threads is ",
                                  options->threads, " (expected 1..",
                                  kMaxThreads, ")"));
  }
  read.config.threads = static_cast<int>(options->threads);
  read.config.repack = options->repack != 0;
  read.config.context_tokens = options->context_tokens;
  read.config.sequences = options->sequences;
  read.config.batch_tokens = options->batch_tokens;
  if (options->expected_digest != nullptr) {
    absl::StatusOr<Digest> digest = ParseDigest(options->expected_digest);
    if (!digest.ok()) {
      return MakeError(ErrorCode::kInvalidLength, digest.status().message());
    }
    read.expected_digest = *digest;
  }
  return read;
}

pedigree_memory ToC(const MemoryUse& use) {
  auto memory = Blank<pedigree_memory>();
  memory.repacked = use.repacked ? 1 : 0;
  memory.context_tokens = use.context_tokens;
  memory.file_bytes = use.file_bytes;
  memory.mapped_bytes = use.mapped_bytes;
  memory.packed_bytes = use.packed_bytes;
  memory.tokenizer_bytes = use.tokenizer_bytes;
  memory.kv_cache_bytes = use.kv_cache_bytes;
  memory.scratch_bytes = use.scratch_bytes;
  memory.session_bytes = use.session_bytes;
  memory.adapter_bytes = use.adapter_bytes;
  memory.side_scratch_bytes = use.side_scratch_bytes;
  memory.total_bytes = use.total_bytes();
  return memory;
}

// Loads an engine by `load` and hands it out.
template <typename Load>
pedigree_code NewModel(const pedigree_options* options, pedigree_model** out,
                       Load load) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(out, "out"));
    PEDIGREE_ASSIGN_OR_RETURN(const ReadOptions read, Read(options));
    PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, load(read));
    auto model = std::make_unique<pedigree_model>();
    model->shared = std::make_shared<SharedEngine>(std::move(engine));
    *out = model.release();
    return absl::OkStatus();
  });
}

void CopyDigest(const Digest& digest, char (&out)[72]) {
  const std::string text = digest.ToString();
  static_assert(sizeof("sha256:") - 1 + 64 < sizeof(out));
  std::memcpy(out, text.c_str(), text.size() + 1);
}

// --- Adapters --------------------------------------------------------------

// Runs `body` on an adapter's bytes, at an address that readers take.
template <typename Body>
pedigree_code CallOnAdapter(pedigree_model* model, const void* bytes,
                            size_t length, Body body) {
  return CallOn(model, "model", [&](Engine& engine) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckArray(bytes, length, "bytes"));
    ByteSpan adapter(static_cast<const uint8_t*>(bytes), length);
    AlignedBuffer copy;
    if (reinterpret_cast<uintptr_t>(bytes) % alignof(float) != 0) {
      PEDIGREE_ASSIGN_OR_RETURN(copy,
                                AlignedBuffer::Allocate(length, "a copy"));
      std::memcpy(copy.data(), bytes, length);
      adapter = {copy.data(), copy.size()};
    }
    return body(engine, adapter);
  });
}

// --- Results of a length that the caller may not have expected --------------

template <typename T>
absl::Status CopyOut(absl::Span<const T> values, T* out, size_t capacity,
                     size_t* count) {
  *count = values.size();
  if (values.size() > capacity) {
    return MakeError(ErrorCode::kOutputBufferExceeded,
                     absl::StrCat("Result of ", values.size(),
                                  " elements exceeds capacity ", capacity));
  }
  if (!values.empty()) {
    std::memcpy(out, values.data(), values.size() * sizeof(T));
  }
  return absl::OkStatus();
}

absl::Status CheckOut(const void* out, size_t capacity, const size_t* count) {
  PEDIGREE_RETURN_IF_ERROR(CheckPointer(count, "count"));
  return CheckArray(out, capacity, "out");
}

absl::Status CheckIds(const Engine& engine, absl::Span<const uint32_t> ids) {
  const uint32_t vocab_size = engine.model().shape().vocab_size;
  for (const uint32_t id : ids) {
    if (id < vocab_size) continue;
    return MakeError(
        ErrorCode::kInvalidLength,
        absl::StrCat("Token ", id, " is past vocab_size ", vocab_size));
  }
  return absl::OkStatus();
}

// --- Generations -----------------------------------------------------------

GenerationOptions Options(const pedigree_session& session,
                          uint32_t max_new_tokens) {
  GenerationOptions options;
  if (max_new_tokens > 0) options.max_new_tokens = max_new_tokens;
  options.sampling = session.sampling;
  options.reuse_prefix = true;
  return options;
}

void Describe(pedigree_session& session, pedigree_generation* out) {
  const Generator& generator = *session.session->generation();
  Generation result = generator.Result();
  session.output = std::move(result.output);
  if (out == nullptr) return;
  *out = Blank<pedigree_generation>();
  out->stop = static_cast<uint32_t>(generator.stop_reason());
  out->prompt_tokens = generator.prompt_tokens();
  out->generated_tokens = static_cast<uint32_t>(result.token_ids.size());
  out->reused_tokens = generator.reused_tokens();
  out->output = session.output.c_str();
  out->output_length = session.output.size();
}

}  // namespace
}  // namespace pedigree

using namespace pedigree;  // NOLINT: the functions below are in no namespace.

uint32_t pedigree_abi_version(void) { return 1; }

const char* pedigree_code_name(pedigree_code code) {
  // Names of string literals.
  return ErrorCodeName(static_cast<ErrorCode>(code)).data();
}

const char* pedigree_last_error(void) { return LastError().c_str(); }

pedigree_code pedigree_options_init(pedigree_options* options) {
  return Init(options, "options", DefaultOptions());
}

pedigree_code pedigree_memory_init(pedigree_memory* memory) {
  return Init(memory, "memory", Blank<pedigree_memory>());
}

pedigree_code pedigree_model_info_init(pedigree_model_info* info) {
  return Init(info, "info", Blank<pedigree_model_info>());
}

pedigree_code pedigree_sampling_init(pedigree_sampling* sampling) {
  const SamplingConfig config;
  auto value = Blank<pedigree_sampling>();
  value.temperature = config.temperature;
  value.top_k = config.top_k;
  value.top_p = config.top_p;
  value.seed = config.seed;
  return Init(sampling, "sampling", value);
}

pedigree_code pedigree_generation_init(pedigree_generation* generation) {
  return Init(generation, "generation", Blank<pedigree_generation>());
}

pedigree_code pedigree_preflight_file(const char* path,
                                      const pedigree_options* options,
                                      pedigree_memory* out) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(path, "path"));
    PEDIGREE_RETURN_IF_ERROR(CheckStruct(out, "out"));
    PEDIGREE_ASSIGN_OR_RETURN(const ReadOptions read, Read(options));
    PEDIGREE_ASSIGN_OR_RETURN(const MemoryUse use,
                              PreflightFile(path, read.config));
    *out = ToC(use);
    return absl::OkStatus();
  });
}

pedigree_code pedigree_preflight(const void* bytes, size_t length,
                                 const pedigree_options* options,
                                 pedigree_memory* out) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckArray(bytes, length, "bytes"));
    PEDIGREE_RETURN_IF_ERROR(CheckStruct(out, "out"));
    PEDIGREE_ASSIGN_OR_RETURN(const ReadOptions read, Read(options));
    PEDIGREE_ASSIGN_OR_RETURN(
        const MemoryUse use,
        Preflight({static_cast<const uint8_t*>(bytes), length}, read.config));
    *out = ToC(use);
    return absl::OkStatus();
  });
}

pedigree_code pedigree_model_open(const char* path,
                                  const pedigree_options* options,
                                  pedigree_model** out) {
  return NewModel(
      options, out,
      [&](const ReadOptions& read) -> absl::StatusOr<std::unique_ptr<Engine>> {
        PEDIGREE_RETURN_IF_ERROR(CheckPointer(path, "path"));
        return OpenEngine(path, read.config, read.expected_digest);
      });
}

pedigree_code pedigree_model_load(const void* bytes, size_t length,
                                  const pedigree_options* options,
                                  pedigree_model** out) {
  return NewModel(
      options, out,
      [&](const ReadOptions& read) -> absl::StatusOr<std::unique_ptr<Engine>> {
        PEDIGREE_RETURN_IF_ERROR(CheckArray(bytes, length, "bytes"));
        return Engine::Load(
            std::make_unique<const BorrowedBytes>(
                ByteSpan(static_cast<const uint8_t*>(bytes), length)),
            read.config, read.expected_digest);
      });
}

void pedigree_model_free(pedigree_model* model) { delete model; }

pedigree_code pedigree_model_get_info(pedigree_model* model,
                                      pedigree_model_info* out) {
  return CallOn(model, "model", [&](Engine& engine) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckStruct(out, "out"));
    const Model& loaded = engine.model();
    auto info = Blank<pedigree_model_info>();
    info.vocab_size = loaded.shape().vocab_size;
    info.max_context = loaded.shape().max_context;
    info.hidden_size = loaded.shape().hidden_size;
    info.layer_count = loaded.shape().layer_count;
    info.bos = loaded.tokenizer().bos();
    info.eos = loaded.tokenizer().eos();
    info.threads = static_cast<uint32_t>(engine.threads());
    info.adapter_count =
        static_cast<uint32_t>(engine.adapters().digests().size());
    info.parameter_count = loaded.reader().parameter_count();
    CopyDigest(loaded.digest(), info.model_digest);
    CopyDigest(engine.adapters().assembly_digest(), info.assembly_digest);
    *out = info;
    return absl::OkStatus();
  });
}

pedigree_code pedigree_model_get_memory(pedigree_model* model,
                                        pedigree_memory* out) {
  return CallOn(model, "model", [&](Engine& engine) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckStruct(out, "out"));
    *out = ToC(engine.memory());
    return absl::OkStatus();
  });
}

pedigree_code pedigree_adapter_validate(pedigree_model* model,
                                        const void* bytes, size_t length) {
  return CallOnAdapter(model, bytes, length,
                       [](Engine& engine, ByteSpan adapter) {
                         return engine.ValidateAdapter(adapter);
                       });
}

pedigree_code pedigree_adapter_apply(pedigree_model* model, const void* bytes,
                                     size_t length) {
  return CallOnAdapter(model, bytes, length,
                       [](Engine& engine, ByteSpan adapter) {
                         return engine.ApplyAdapter(adapter);
                       });
}

pedigree_code pedigree_adapter_reset(pedigree_model* model) {
  return CallOn(model, "model", [](Engine& engine) {
    engine.ResetAdapters();
    return absl::OkStatus();
  });
}

pedigree_code pedigree_encode(pedigree_model* model, const char* text,
                              size_t length, uint32_t* ids, size_t capacity,
                              size_t* count) {
  return CallOn(model, "model", [&](Engine& engine) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckOut(ids, capacity, count));
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view view,
                              Text(text, length, "text"));
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<uint32_t> encoded,
                              engine.model().tokenizer().EncodePrompt(view));
    return CopyOut<uint32_t>(encoded, ids, capacity, count);
  });
}

pedigree_code pedigree_decode(pedigree_model* model, const uint32_t* ids,
                              size_t count, uint32_t previous, char* text,
                              size_t capacity, size_t* length) {
  return CallOn(model, "model", [&](Engine& engine) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckOut(text, capacity, length));
    PEDIGREE_RETURN_IF_ERROR(CheckArray(ids, count, "ids"));
    PEDIGREE_RETURN_IF_ERROR(CheckIds(engine, {ids, count}));
    if (previous != PEDIGREE_NO_TOKEN) {
      PEDIGREE_RETURN_IF_ERROR(CheckIds(engine, {&previous, 1}));
    }
    const std::string bytes =
        engine.model().tokenizer().DecodeBytes({ids, count}, previous);
    return CopyOut<char>({bytes.data(), bytes.size()}, text, capacity, length);
  });
}

pedigree_code pedigree_session_new(pedigree_model* model,
                                   pedigree_session** out) {
  return CallOn(model, "model", [&](Engine& engine) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(out, "out"));
    auto session = std::make_unique<pedigree_session>();
    session->shared = model->shared;
    PEDIGREE_ASSIGN_OR_RETURN(session->session, engine.NewSession());
    *out = session.release();
    return absl::OkStatus();
  });
}

void pedigree_session_free(pedigree_session* session) {
  if (session == nullptr) return;
  // The engine goes after its session, and the turn before the engine.
  const std::shared_ptr<SharedEngine> shared = session->shared;
  const SharedEngine::Turn turn(*shared);
  delete session;
}

pedigree_code pedigree_session_set_sampling(pedigree_session* session,
                                            const pedigree_sampling* sampling) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckStruct(sampling, "sampling"));
    const SamplingConfig config = {sampling->temperature, sampling->top_k,
                                   sampling->top_p, sampling->seed};
    PEDIGREE_RETURN_IF_ERROR(session->session->SetSampling(config));
    session->sampling = config;
    return absl::OkStatus();
  });
}

pedigree_code pedigree_session_run(pedigree_session* session,
                                   const uint32_t* ids, size_t count) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckArray(ids, count, "ids"));
    return session->session->Run({ids, count});
  });
}

pedigree_code pedigree_decode_together(pedigree_session* const* sessions,
                                       const uint32_t* ids, size_t count) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckArray(sessions, count, "sessions"));
    PEDIGREE_RETURN_IF_ERROR(CheckArray(ids, count, "ids"));
    if (count == 0) {
      return MakeError(ErrorCode::kInvalidLength,
                       "Cannot decode 0 sessions (expected at least 1)");
    }
    std::vector<EngineSession*> parts;
    for (size_t i = 0; i < count; ++i) {
      PEDIGREE_RETURN_IF_ERROR(CheckPointer(sessions[i], "sessions[i]"));
      parts.push_back(sessions[i]->session.get());
    }
    SharedEngine& shared = *sessions[0]->shared;
    const SharedEngine::Turn turn(shared);
    PEDIGREE_RETURN_IF_ERROR(turn.status());
    return shared.engine().Decode(parts, {ids, count});
  });
}

pedigree_code pedigree_session_rewind(pedigree_session* session,
                                      size_t length) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    if (length > session->session->length()) {
      return MakeError(ErrorCode::kInvalidLength,
                       absl::StrCat("Cannot rewind to ", length,
                                    " tokens (session has ",
                                    session->session->length(), ")"));
    }
    return session->session->Rewind(static_cast<uint32_t>(length));
  });
}

pedigree_code pedigree_session_rewind_to_shared(pedigree_session* session,
                                                const uint32_t* ids,
                                                size_t count, size_t* shared) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckArray(ids, count, "ids"));
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(shared, "shared"));
    *shared = session->session->RewindToShared({ids, count});
    return absl::OkStatus();
  });
}

pedigree_code pedigree_session_get_length(pedigree_session* session,
                                          size_t* length, size_t* capacity) {
  return CallOn(session, "session", [&](Engine&) {
    if (length != nullptr) *length = session->session->length();
    if (capacity != nullptr) *capacity = session->session->capacity();
    return absl::OkStatus();
  });
}

pedigree_code pedigree_session_get_logits(pedigree_session* session,
                                          const float** logits, size_t* count) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(logits, "logits"));
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(count, "count"));
    const absl::Span<const float> values = session->session->logits();
    if (values.empty()) {
      return MakeError(ErrorCode::kInvalidLength,
                       "The session has no logits: its last token was not run");
    }
    *logits = values.data();
    *count = values.size();
    return absl::OkStatus();
  });
}

pedigree_code pedigree_session_sample(pedigree_session* session, uint32_t* id) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(id, "id"));
    PEDIGREE_ASSIGN_OR_RETURN(*id, session->session->Sample());
    return absl::OkStatus();
  });
}

pedigree_code pedigree_session_cancel(pedigree_session* session) {
  return Call([&]() -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(session, "session"));
    session->session->RequestCancel();
    return absl::OkStatus();
  });
}

pedigree_code pedigree_generate(pedigree_session* session, const char* prompt,
                                size_t length, uint32_t max_new_tokens,
                                pedigree_on_text on_text, void* user,
                                pedigree_generation* out) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    if (out != nullptr) PEDIGREE_RETURN_IF_ERROR(CheckStruct(out, "out"));
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view text,
                              Text(prompt, length, "prompt"));
    PEDIGREE_RETURN_IF_ERROR(
        session->session
            ->Generate(text, Options(*session, max_new_tokens),
                       [&](std::string_view bytes) {
                         return on_text == nullptr ||
                                on_text(user, bytes.data(), bytes.size()) == 0;
                       })
            .status());
    Describe(*session, out);
    return absl::OkStatus();
  });
}

pedigree_code pedigree_generation_begin(pedigree_session* session,
                                        const char* prompt, size_t length,
                                        uint32_t max_new_tokens) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view text,
                              Text(prompt, length, "prompt"));
    return session->session->Begin(text, Options(*session, max_new_tokens));
  });
}

pedigree_code pedigree_generation_next(pedigree_session* session,
                                       const char** bytes, size_t* length) {
  return CallOn(session, "session", [&](Engine&) -> absl::Status {
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(bytes, "bytes"));
    PEDIGREE_RETURN_IF_ERROR(CheckPointer(length, "length"));
    PEDIGREE_ASSIGN_OR_RETURN(std::optional<std::string> next,
                              session->session->Next());
    const bool some = next.has_value();
    session->piece = some ? *std::move(next) : std::string();
    *bytes = some ? session->piece.c_str() : nullptr;
    *length = session->piece.size();
    return absl::OkStatus();
  });
}
