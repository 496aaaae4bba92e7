#include "release/archive/frame_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "zstd.h"
#include "zstd_errors.h"

namespace pedigree {

uint64_t MaxContentBytes(uint64_t packed_bytes, uint64_t ratio) {
  constexpr uint64_t kAlways = uint64_t{64} << 20;
  return std::max(kAlways,
                  CheckedMul(packed_bytes, ratio).value_or(UINT64_MAX));
}

struct FrameReader::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  ~Context() { ZSTD_freeDCtx(zstd); }
};

FrameReader::FrameReader(ReadBytes input, const FrameLimits& limits)
    : input_(std::move(input)),
      limits_(limits),
      context_(std::make_unique<Context>()),
      buffer_(ZSTD_DStreamInSize(), '\0') {
  PEDIGREE_CHECK(context_->zstd != nullptr);
  PEDIGREE_CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(
      context_->zstd, ZSTD_d_windowLogMax, limits.window_log)));
}
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader::~FrameReader() = default;

absl::Status FrameReader::Refill() {
  if (position_ < filled_) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(
      filled_, input_(absl::MakeSpan(reinterpret_cast<uint8_t*>(buffer_.data()),
                                     buffer_.size())));
  position_ = 0;
  return absl::OkStatus();
}

absl::Status FrameReader::Explain(size_t error) const {
  const std::string where =
      absl::StrCat(ZSTD_getErrorName(error), ", near byte ", taken_);
  switch (ZSTD_getErrorCode(error)) {
    case ZSTD_error_prefix_unknown:
      return absl::InvalidArgumentError("Invalid packed packet: no zstd frame");
    case ZSTD_error_frameParameter_windowTooLarge:
      return absl::ResourceExhaustedError(absl::StrCat(
          "Invalid packed packet: its window is larger than ",
          uint64_t{1} << limits_.window_log, " bytes"));
    default:
      return absl::DataLossError(
          absl::StrCat("Corrupted packed packet: ", where));
  }
}

absl::StatusOr<size_t> FrameReader::Read(absl::Span<uint8_t> buffer) {
  ZSTD_outBuffer output = {buffer.data(), buffer.size(), 0};
  while (output.pos < output.size && !frame_ended_) {
    PEDIGREE_RETURN_IF_ERROR(Refill());
    const size_t pos = output.pos;
    ZSTD_inBuffer input = {buffer_.data(), filled_, position_};
    const size_t left =
        ZSTD_decompressStream(context_->zstd, &output, &input);
    taken_ += input.pos - position_;
    position_ = input.pos;
    given_ += output.pos - pos;
    if (ZSTD_isError(left)) return Explain(left);
    if (given_ > limits_.max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("Invalid packed packet: its contents are longer than ",
                       limits_.max_bytes, " bytes"));
    }
    frame_ended_ = left == 0;
    // At the end of the input the decoder may still hold contents back.
    if (!frame_ended_ && filled_ == 0 && output.pos == pos) {
      return absl::DataLossError(absl::StrCat(
          "Corrupted packed packet: it ends early, at byte ", taken_));
    }
  }
  return output.pos;
}

absl::Status FrameReader::Finish() {
  uint8_t more = 0;
  PEDIGREE_ASSIGN_OR_RETURN(const size_t count,
                            Read(absl::MakeSpan(&more, 1)));
  if (count != 0) {
    return absl::InvalidArgumentError(
        "Invalid packed packet: contents after the end of the archive");
  }
  PEDIGREE_RETURN_IF_ERROR(Refill());
  if (position_ == filled_) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid packed packet: bytes after the zstd frame, at byte ", taken_));
}

}  // namespace pedigree
