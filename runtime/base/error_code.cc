#include "runtime/base/error_code.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "runtime/base/concat.h"

namespace pedigree {
namespace {

// The code is attached as the end of a payload's URL. The payload is empty, which
// needs less of the Cord library than one with bytes.
constexpr std::string_view kUrlPrefix = "pedigree/error-code/";

struct Row {
  ErrorCode code;
  absl::StatusCode status_code;
  std::string_view name;
};

using absl::StatusCode;

constexpr Row kTable[] = {
    {ErrorCode::kOk, StatusCode::kOk, "Ok"},
    {ErrorCode::kNullPointer, StatusCode::kInvalidArgument, "NullPointer"},
    {ErrorCode::kInvalidLength, StatusCode::kInvalidArgument, "InvalidLength"},
    {ErrorCode::kInvalidUtf8, StatusCode::kInvalidArgument, "InvalidUtf8"},
    {ErrorCode::kInvalidModelMagic, StatusCode::kInvalidArgument,
     "InvalidModelMagic"},
    {ErrorCode::kUnsupportedModelVersion, StatusCode::kUnimplemented,
     "UnsupportedModelVersion"},
    {ErrorCode::kInvalidHeader, StatusCode::kInvalidArgument, "InvalidHeader"},
    {ErrorCode::kInvalidTensorDirectory, StatusCode::kInvalidArgument,
     "InvalidTensorDirectory"},
    {ErrorCode::kMissingTensor, StatusCode::kNotFound, "MissingTensor"},
    {ErrorCode::kShapeMismatch, StatusCode::kInvalidArgument, "ShapeMismatch"},
    {ErrorCode::kUnsupportedDType, StatusCode::kUnimplemented,
     "UnsupportedDType"},
    {ErrorCode::kContextExceeded, StatusCode::kOutOfRange, "ContextExceeded"},
    {ErrorCode::kModelNotLoaded, StatusCode::kFailedPrecondition,
     "ModelNotLoaded"},
    {ErrorCode::kGenerationFailed, StatusCode::kInternal, "GenerationFailed"},
    {ErrorCode::kOutputBufferExceeded, StatusCode::kResourceExhausted,
     "OutputBufferExceeded"},
    {ErrorCode::kInvalidAdapter, StatusCode::kInvalidArgument,
     "InvalidAdapter"},
    {ErrorCode::kAdapterIdentityMismatch, StatusCode::kFailedPrecondition,
     "AdapterIdentityMismatch"},
    {ErrorCode::kAdapterPayloadInvalid, StatusCode::kInvalidArgument,
     "AdapterPayloadInvalid"},
    {ErrorCode::kResourceLimit, StatusCode::kResourceExhausted,
     "ResourceLimit"},
    {ErrorCode::kInvalidEvalCases, StatusCode::kInvalidArgument,
     "InvalidEvalCases"},
    {ErrorCode::kCancelled, StatusCode::kCancelled, "Cancelled"},
    {ErrorCode::kChecksumMismatch, StatusCode::kDataLoss, "ChecksumMismatch"},
    {ErrorCode::kInvalidTokenizer, StatusCode::kInvalidArgument,
     "InvalidTokenizer"},
};

constexpr uint32_t kRowCount = sizeof(kTable) / sizeof(kTable[0]);

}  // namespace

absl::Status MakeError(ErrorCode code,
                       std::initializer_list<MessagePart> parts) {
  return MakeError(code, kTable[static_cast<uint32_t>(code)].status_code,
                   parts);
}

absl::Status MakeError(ErrorCode code, absl::StatusCode status_code,
                       std::initializer_list<MessagePart> parts) {
  absl::Status status(status_code, Concat(parts));
  status.SetPayload(Concat(kUrlPrefix, static_cast<uint32_t>(code)),
                    absl::Cord());
  return status;
}

namespace {

std::optional<ErrorCode> AttachedCode(const absl::Status& status) {
  std::optional<ErrorCode> code;
  status.ForEachPayload([&code](std::string_view url, const absl::Cord&) {
    uint32_t value = 0;
    if (absl::ConsumePrefix(&url, kUrlPrefix) &&
        absl::SimpleAtoi(url, &value) && value < kRowCount) {
      code = static_cast<ErrorCode>(value);
    }
  });
  return code;
}

}  // namespace

bool HasErrorCode(const absl::Status& status) {
  return AttachedCode(status).has_value();
}

ErrorCode GetErrorCode(const absl::Status& status) {
  if (status.ok()) return ErrorCode::kOk;
  if (const auto code = AttachedCode(status); code.has_value()) return *code;
  for (const Row& row : kTable) {
    if (row.status_code == status.code()) return row.code;
  }
  return ErrorCode::kGenerationFailed;
}

std::string_view ErrorCodeName(ErrorCode code) {
  const uint32_t index = static_cast<uint32_t>(code);
  return index < kRowCount ? kTable[index].name : "Unknown";
}

}  // namespace pedigree
