// The checks as a WebAssembly module, for conformance_test.mjs. Pointers are
// offsets into its memory. The last result is a line, or where run_check and
// check_model return 0 what was wrong. Built for wasm32 only.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/conformance/checks.h"
#include "runtime/kernels/target.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"

// Runs static constructors, once; the toolchain defines it.
extern "C" void _initialize();

namespace pedigree {
namespace {

struct Module {
  ThreadPool pool{1};
  AlignedBuffer model;
  std::string result;
};

Module* module = nullptr;

uint32_t Keep(const absl::StatusOr<CheckResult>& check) {
  const bool same = check.ok() && check->difference.empty();
  module->result = !check.ok() ? std::string(check.status().message())
                   : same      ? check->line
                               : check->line + ": " + check->difference;
  return same;
}

}  // namespace

#define PEDIGREE_EXPORT(name) \
  extern "C" __attribute__((export_name(#name), used))

// Before all others.
PEDIGREE_EXPORT(start) void start() {
  _initialize();
  module = new Module;
}

PEDIGREE_EXPORT(check_count) uint32_t check_count() {
  return static_cast<uint32_t>(CheckCount());
}

PEDIGREE_EXPORT(run_check) uint32_t run_check(uint32_t index, uint32_t cases) {
  return Keep(RunCheck(index, cases, SupportedTargets(), module->pool));
}

// Memory for a model of `length` bytes; null when there is none.
PEDIGREE_EXPORT(model_memory) uint8_t* model_memory(uint32_t length) {
  absl::StatusOr<AlignedBuffer> memory =
      AlignedBuffer::Allocate(length, "the model");
  if (!memory.ok()) return nullptr;
  module->model = *std::move(memory);
  return module->model.data();
}

// Checks the model there, of whose memory the first `length` bytes are the file.
PEDIGREE_EXPORT(check_model) uint32_t check_model(uint32_t length) {
  return Keep(CheckModel(ByteSpan(module->model.data(), length),
                         SupportedTargets(), module->pool));
}

PEDIGREE_EXPORT(result_ptr) const char* result_ptr() {
  return module->result.data();
}

PEDIGREE_EXPORT(result_len) uint32_t result_len() {
  return static_cast<uint32_t>(module->result.size());
}

}  // namespace pedigree
