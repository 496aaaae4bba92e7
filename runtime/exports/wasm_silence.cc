// Definitions that stand before those of libraries: what they would print, which
// nobody reads in a module without imports, and what they record about themselves
// for profilers. Each of them brings printf, locks, clocks or stack traces along
// (docs/notes/module_size.md). Compiles for wasm32 only.
//
// The linker takes a library's file only for a symbol that is not yet defined. Had it
// to take one of these files after all, it would find symbols twice and refuse.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/internal/atomic_hook.h"
#include "absl/base/internal/raw_logging.h"
#include "absl/base/log_severity.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace raw_log_internal {
namespace {

void Ignore(absl::LogSeverity severity, const char*, int, const std::string&) {
  if (severity == absl::LogSeverity::kFatal) __builtin_trap();
}

}  // namespace

ABSL_INTERNAL_ATOMIC_HOOK_ATTRIBUTES ABSL_DLL
    absl::base_internal::AtomicHook<InternalLogFunction>
        internal_log_function(Ignore);

void RawLog(absl::LogSeverity severity, const char*, int, const char*, ...) {
  if (severity == absl::LogSeverity::kFatal) __builtin_trap();
}

}  // namespace raw_log_internal

namespace internal_statusor {

void Helper::HandleInvalidStatusCtorArg(absl::Status*) { __builtin_trap(); }
void Helper::Crash(const absl::Status&) { __builtin_trap(); }
void ThrowBadStatusOrAccess(absl::Status) { __builtin_trap(); }

}  // namespace internal_statusor
ABSL_NAMESPACE_END
}  // namespace absl

_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) { __builtin_trap(); }
_LIBCPP_END_NAMESPACE_STD

extern "C" {

// libc++abi's, before it stops the process.
[[noreturn]] void abort_message(const char*, ...) { __builtin_trap(); }

// Only nlohmann's parser calls it, for the text of a syntax error, of which
// ParseJson tells the place alone. A caller that has come since is stopped.
int snprintf(char* out, size_t size, const char* format, ...) {
  if (std::string_view(format) != "<U+%.4X>") __builtin_trap();
  if (size > 0) *out = '\0';
  return 0;
}

// Only nlohmann's parser calls it, for fractions. An infinite one is refused by its
// text, as ParseJson refuses them all; the module has no use for ParseForeignJson.
double strtod(const char* text, char** end) {
  if (end != nullptr) {
    *end = const_cast<char*>(text) + __builtin_strlen(text);
  }
  return __builtin_inf();
}

// In the library's file of strtod; nobody calls them.
float strtof(const char*, char**) { __builtin_trap(); }
long double strtold(const char*, char**) { __builtin_trap(); }

// Of Abseil's Cord, by the linker's --wrap (//runtime:pedigree_wasm). The only Cords
// here are the empty payloads of error codes: they have no tree to destroy, and are
// sampled on Linux only (cordz_functions.h).
void __wrap__ZN4absl12lts_202407224Cord15DestroyCordSlowEv(void*) {
  __builtin_trap();
}
void __wrap__ZN4absl12lts_2024072213cord_internal9CordzInfo7UntrackEv(void*) {
  __builtin_trap();
}
void
__wrap__ZN4absl12lts_2024072213cord_internal9CordzInfo18MaybeTrackCordImplERNS1_10InlineDataERKS3_NS1_18CordzUpdateTracker16MethodIdentifierE(
    void*, const void*, int) {
  __builtin_trap();
}

}  // extern "C"
