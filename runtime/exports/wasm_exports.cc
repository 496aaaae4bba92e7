// The exports of the WebAssembly module. Specification:
// docs/formats/wasm_abi.md.
//
// One module holds one runtime. Pointers and lengths are offsets into the
// module's memory and are checked against its size. Functions that return u32
// return an ErrorCode; after one that is not 0, the last result is the error's
// message. Results belong to the module and live until the next call that
// changes anything. Built for wasm32 only.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine_config.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/exports/host_memory.h"
#include "runtime/exports/model_upload.h"
#include "runtime/exports/runtime.h"
#include "runtime/generation/sampler.h"
#include "runtime/tensor/aligned_buffer.h"

// Runs static constructors, once, of which the allocator has one; the toolchain
// defines it.
extern "C" void _initialize();

namespace pedigree {
namespace {

constexpr uint32_t kAbiVersion = 1;

// The longest result that a call may leave: 64 MiB.
constexpr size_t kMaxResultBytes = size_t{64} << 20;

// Weights are read from their packed form, three times as fast. Quantized matrices
// take it where they lie in the uploaded file.
EngineConfig RepackedConfig() {
  EngineConfig config;
  config.repack = true;
  return config;
}

struct Module {
  Runtime runtime{RepackedConfig()};
  std::optional<ModelUpload> upload;
  std::optional<Sha256Stream> hash;
  // Empty where the last call has no result, as at the end of a generation.
  std::optional<std::string> result;
  // Built when asked for; empty after a call that changed anything.
  std::string diagnostics;
};

HostMemory* host_memory = nullptr;
Module* module = nullptr;

HostMemory& GetHostMemory() {
  if (host_memory == nullptr) {
    _initialize();
    host_memory = new HostMemory;
  }
  return *host_memory;
}

uint64_t MemoryBytes() {
  constexpr uint64_t kPageBytes = 65536;
  return __builtin_wasm_memory_size(0) * kPageBytes;
}

// The host's bytes at `ptr`.
absl::StatusOr<ByteSpan> Borrow(uint32_t ptr, uint32_t length) {
  if (ptr == 0) {
    return MakeError(ErrorCode::kNullPointer, "Null pointer to ", length,
                     " bytes");
  }
  if (!RangeInside(ptr, length, MemoryBytes())) {
    return MakeError(ErrorCode::kInvalidLength, "Range of ", length,
                     " bytes at ", ptr, " ends past memory size ",
                     MemoryBytes());
  }
  return ByteSpan(reinterpret_cast<const uint8_t*>(ptr), length);
}

absl::StatusOr<std::string_view> BorrowText(uint32_t ptr, uint32_t length) {
  PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan bytes, Borrow(ptr, length));
  if (!IsValidUtf8(AsText(bytes))) {
    return MakeError(ErrorCode::kInvalidUtf8, "Text of ", length,
                     " bytes is not valid UTF-8");
  }
  return AsText(bytes);
}

absl::StatusOr<AlignedBuffer> CopyAligned(ByteSpan bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer copy, AlignedBuffer::Allocate(bytes.size(), "a copy"));
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

ByteSpan View(const AlignedBuffer& buffer) {
  return {buffer.data(), buffer.size()};
}

absl::Status NoneHasBegun(const char* what) {
  return MakeError(ErrorCode::kInvalidLength, "Invalid ", what,
                   ": none has begun");
}

absl::StatusOr<ModelUpload*> Upload() {
  if (!module->upload.has_value()) return NoneHasBegun("model upload");
  return &*module->upload;
}

absl::StatusOr<Sha256Stream*> Hash() {
  if (!module->hash.has_value()) return NoneHasBegun("hash");
  return &*module->hash;
}

absl::StatusOr<EvalRun*> Eval() {
  EvalRun* run = module->runtime.eval();
  if (run == nullptr) return NoneHasBegun("eval run");
  return run;
}

absl::Status KeepResult(std::string result) {
  if (result.size() > kMaxResultBytes) {
    return MakeError(ErrorCode::kOutputBufferExceeded, "Result of ",
                     result.size(), " bytes exceeds ", kMaxResultBytes);
  }
  module->result = std::move(result);
  return absl::OkStatus();
}

absl::Status KeepProgress(const EvalRun& run) {
  return KeepResult(
      Concat("{\"done\":", run.done(), ",\"total\":", run.total(), "}"));
}

absl::StatusOr<bool> StepEval() {
  PEDIGREE_ASSIGN_OR_RETURN(EvalRun* const run, Eval());
  absl::StatusOr<bool> more = run->Step();
  if (!more.ok()) module->runtime.EndEval();
  return more;
}

absl::Status FinishEval() {
  PEDIGREE_ASSIGN_OR_RETURN(EvalRun* const run, Eval());
  PEDIGREE_ASSIGN_OR_RETURN(std::string sidecar, run->Finish());
  module->runtime.EndEval();
  return KeepResult(std::move(sidecar));
}

// Runs one call: `body` returns a status and may set the result.
template <typename Body>
uint32_t Call(Body body) {
  if (module == nullptr) {
    return static_cast<uint32_t>(ErrorCode::kModelNotLoaded);
  }
  module->result = std::string();
  module->diagnostics.clear();
  const absl::Status status = body();
  if (!status.ok()) module->result = std::string(status.message());
  module->runtime.NoteStatus(status);
  return static_cast<uint32_t>(GetErrorCode(status));
}

// The diagnostics as of the last call that changed anything.
const std::string& Diagnostics() {
  if (module->diagnostics.empty()) {
    module->diagnostics = module->runtime.Diagnostics();
  }
  return module->diagnostics;
}

}  // namespace

#define PEDIGREE_EXPORT(name) \
  extern "C" __attribute__((export_name(#name), used))

PEDIGREE_EXPORT(abi_version) uint32_t abi_version() { return kAbiVersion; }

PEDIGREE_EXPORT(alloc) uint8_t* alloc(uint32_t length) {
  return GetHostMemory().Allocate(length);
}

PEDIGREE_EXPORT(dealloc) void dealloc(const uint8_t* ptr, uint32_t length) {
  GetHostMemory().Free(ptr, length);
}

PEDIGREE_EXPORT(init_runtime) uint32_t init_runtime() {
  _initialize();
  delete module;
  module = new Module;
  return static_cast<uint32_t>(ErrorCode::kOk);
}

PEDIGREE_EXPORT(load_model)
uint32_t load_model(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan bytes, Borrow(ptr, length));
    PEDIGREE_ASSIGN_OR_RETURN(ModelUpload upload,
                              ModelUpload::Begin(bytes.size()));
    PEDIGREE_RETURN_IF_ERROR(upload.Append(bytes));
    PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<const ByteSource> file,
                              upload.Finish());
    return module->runtime.LoadModel(std::move(file));
  });
}

PEDIGREE_EXPORT(begin_model) uint32_t begin_model(uint32_t length) {
  return Call([=]() -> absl::Status {
    module->upload.reset();
    PEDIGREE_ASSIGN_OR_RETURN(module->upload, ModelUpload::Begin(length));
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(append_model)
uint32_t append_model(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan bytes, Borrow(ptr, length));
    PEDIGREE_ASSIGN_OR_RETURN(ModelUpload* const upload, Upload());
    return upload->Append(bytes);
  });
}

PEDIGREE_EXPORT(upload_digest) uint32_t upload_digest() {
  return Call([]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const ModelUpload* const upload, Upload());
    module->result = upload->digest().ToString();
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(drop_upload) uint32_t drop_upload() {
  return Call([] {
    module->upload.reset();
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(finish_model) uint32_t finish_model() {
  return Call([]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(ModelUpload* const upload, Upload());
    PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<const ByteSource> file,
                              upload->Finish());
    module->upload.reset();
    return module->runtime.LoadModel(std::move(file));
  });
}

PEDIGREE_EXPORT(free_model) uint32_t free_model() {
  return Call([] { return module->runtime.FreeModel(); });
}

PEDIGREE_EXPORT(begin_hash) uint32_t begin_hash() {
  return Call([] {
    module->hash.emplace();
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(append_hash)
uint32_t append_hash(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan bytes, Borrow(ptr, length));
    PEDIGREE_ASSIGN_OR_RETURN(Sha256Stream* const hash, Hash());
    hash->Update(bytes);
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(finish_hash) uint32_t finish_hash() {
  return Call([]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(Sha256Stream* const hash, Hash());
    module->result = hash->Finish().ToString();
    module->hash.reset();
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(validate_adapter_delta)
uint32_t validate_adapter_delta(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan bytes, Borrow(ptr, length));
    PEDIGREE_ASSIGN_OR_RETURN(const AlignedBuffer copy, CopyAligned(bytes));
    return module->runtime.ValidateAdapter(View(copy));
  });
}

PEDIGREE_EXPORT(apply_adapter_delta)
uint32_t apply_adapter_delta(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan bytes, Borrow(ptr, length));
    PEDIGREE_ASSIGN_OR_RETURN(const AlignedBuffer copy, CopyAligned(bytes));
    return module->runtime.ApplyAdapter(View(copy));
  });
}

PEDIGREE_EXPORT(reset_adapters) uint32_t reset_adapters() {
  return Call([] { return module->runtime.ResetAdapters(); });
}

PEDIGREE_EXPORT(set_sampling_config)
uint32_t set_sampling_config(float temperature, uint32_t top_k, float top_p,
                             uint64_t seed) {
  return Call([=] {
    return module->runtime.SetSampling({temperature, top_k, top_p, seed});
  });
}

PEDIGREE_EXPORT(generate)
uint32_t generate(uint32_t ptr, uint32_t length, uint32_t max_new_tokens) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view prompt,
                              BorrowText(ptr, length));
    if (max_new_tokens == 0) {
      return module->runtime.BeginGeneration(prompt, UINT32_MAX);
    }
    PEDIGREE_ASSIGN_OR_RETURN(
        Generation generation,
        module->runtime.Generate(prompt, max_new_tokens));
    return KeepResult(std::move(generation.output));
  });
}

PEDIGREE_EXPORT(generate_next_token) uint32_t generate_next_token() {
  return Call([]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(module->result, module->runtime.NextToken());
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(request_cancel) uint32_t request_cancel() {
  return Call([] {
    module->runtime.RequestCancel();
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(reset_context) uint32_t reset_context() {
  return Call([] { return module->runtime.ResetContext(); });
}

PEDIGREE_EXPORT(run_eval) uint32_t run_eval(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view request,
                              BorrowText(ptr, length));
    PEDIGREE_RETURN_IF_ERROR(module->runtime.BeginEval(request));
    bool more = true;
    while (more) {
      PEDIGREE_ASSIGN_OR_RETURN(more, StepEval());
    }
    return FinishEval();
  });
}

PEDIGREE_EXPORT(begin_eval) uint32_t begin_eval(uint32_t ptr, uint32_t length) {
  return Call([=]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view request,
                              BorrowText(ptr, length));
    PEDIGREE_RETURN_IF_ERROR(module->runtime.BeginEval(request));
    return KeepProgress(*module->runtime.eval());
  });
}

PEDIGREE_EXPORT(continue_eval) uint32_t continue_eval() {
  return Call([]() -> absl::Status {
    PEDIGREE_ASSIGN_OR_RETURN(const bool more, StepEval());
    if (more) return KeepProgress(*module->runtime.eval());
    module->result = std::nullopt;
    return absl::OkStatus();
  });
}

PEDIGREE_EXPORT(finish_eval) uint32_t finish_eval() {
  return Call([] { return FinishEval(); });
}

PEDIGREE_EXPORT(last_result_ptr) const char* last_result_ptr() {
  if (module == nullptr || !module->result.has_value()) return nullptr;
  return module->result->data();
}

PEDIGREE_EXPORT(last_result_len) uint32_t last_result_len() {
  if (module == nullptr || !module->result.has_value()) return 0;
  return static_cast<uint32_t>(module->result->size());
}

PEDIGREE_EXPORT(get_diagnostics_ptr) const char* get_diagnostics_ptr() {
  return module == nullptr ? nullptr : Diagnostics().data();
}

PEDIGREE_EXPORT(get_diagnostics_len) uint32_t get_diagnostics_len() {
  return module == nullptr ? 0 : static_cast<uint32_t>(Diagnostics().size());
}

}  // namespace pedigree
