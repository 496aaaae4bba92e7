// The error codes of the WebAssembly ABI (docs/formats/wasm_abi.md), and the
// one table that maps them onto absl::Status and back.

#ifndef PEDIGREE_RUNTIME_BASE_ERROR_CODE_H_
#define PEDIGREE_RUNTIME_BASE_ERROR_CODE_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/concat.h"

namespace pedigree {

// Values are part of the ABI and never change.
enum class ErrorCode : uint32_t {
  kOk = 0,
  kNullPointer = 1,
  kInvalidLength = 2,
  kInvalidUtf8 = 3,
  kInvalidModelMagic = 4,
  kUnsupportedModelVersion = 5,
  kInvalidHeader = 6,
  kInvalidTensorDirectory = 7,
  kMissingTensor = 8,
  kShapeMismatch = 9,
  kUnsupportedDType = 10,
  kContextExceeded = 11,
  kModelNotLoaded = 12,
  kGenerationFailed = 13,
  kOutputBufferExceeded = 14,
  kInvalidAdapter = 15,
  kAdapterIdentityMismatch = 16,
  kAdapterPayloadInvalid = 17,
  kResourceLimit = 18,
  kInvalidEvalCases = 19,
  kCancelled = 20,
  kChecksumMismatch = 21,
  kInvalidTokenizer = 22,
};

// A status with the canonical code that the table gives `code` and with `code`
// itself attached. `code` must not be kOk. The message is `parts`, put
// together.
absl::Status MakeError(ErrorCode code,
                       std::initializer_list<MessagePart> parts);

// The same with `status_code` where the table's would be too coarse, as for a
// known kind that this build does not read (kUnimplemented).
absl::Status MakeError(ErrorCode code, absl::StatusCode status_code,
                       std::initializer_list<MessagePart> parts);

// These with what MessagePart can be made from.
template <typename... Parts>
absl::Status MakeError(ErrorCode code, const Parts&... parts) {
  return MakeError(code, {MessagePart(parts)...});
}
template <typename... Parts>
absl::Status MakeError(ErrorCode code, absl::StatusCode status_code,
                       const Parts&... parts) {
  return MakeError(code, status_code, {MessagePart(parts)...});
}

// Whether a code is attached.
bool HasErrorCode(const absl::Status& status);

// The attached code; without one, the first code of the table that has the
// status's canonical code, or kGenerationFailed.
ErrorCode GetErrorCode(const absl::Status& status);

// The name that the ABI documentation uses, for example "InvalidHeader".
std::string_view ErrorCodeName(ErrorCode code);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_ERROR_CODE_H_
