#include "release/archive/frame_writer.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/threads/thread_pool.h"
#include "zstd.h"

namespace pedigree {
namespace {

absl::Status CheckRange(std::string_view what, int value, int min, int max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid ", what, ": ", value, " (expected ", min, "..", max, ")"));
}

absl::Status CheckOptions(const CompressionOptions& options, int threads) {
  PEDIGREE_RETURN_IF_ERROR(CheckRange("compression level", options.level,
                                      kMinCompressionLevel,
                                      kMaxCompressionLevel));
  PEDIGREE_RETURN_IF_ERROR(
      CheckRange("number of threads", threads, 1, kMaxThreads));
  if (options.long_window_log == 0) return absl::OkStatus();
  return CheckRange("window of long-distance matching", options.long_window_log,
                    kMinLongWindowLog, kMaxWindowLog);
}

}  // namespace

struct FrameWriter::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  ~Context() { ZSTD_freeCCtx(zstd); }

  // Every parameter is in its range; only memory can be short.
  absl::Status Set(ZSTD_cParameter parameter, int value) {
    const size_t result = ZSTD_CCtx_setParameter(zstd, parameter, value);
    if (!ZSTD_isError(result)) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("Cannot set up zstd: ",
                                            ZSTD_getErrorName(result)));
  }

  absl::Status SetUp(const CompressionOptions& options, uint64_t content_bytes,
                     int threads) {
    PEDIGREE_CHECK(zstd != nullptr);
    PEDIGREE_RETURN_IF_ERROR(Set(ZSTD_c_compressionLevel, options.level));
    PEDIGREE_RETURN_IF_ERROR(Set(ZSTD_c_checksumFlag, 1));
    PEDIGREE_RETURN_IF_ERROR(Set(ZSTD_c_nbWorkers, threads));
    if (options.long_window_log != 0) {
      PEDIGREE_RETURN_IF_ERROR(Set(ZSTD_c_enableLongDistanceMatching, 1));
      PEDIGREE_RETURN_IF_ERROR(
          Set(ZSTD_c_windowLog, options.long_window_log));
    }
    ZSTD_CCtx_setPledgedSrcSize(zstd, content_bytes);
    return absl::OkStatus();
  }
};

FrameWriter::FrameWriter(StagedFile file, std::unique_ptr<Context> context)
    : file_(std::move(file)),
      context_(std::move(context)),
      buffer_(ZSTD_CStreamOutSize(), '\0') {}
FrameWriter::FrameWriter(FrameWriter&&) noexcept = default;
FrameWriter::~FrameWriter() = default;

absl::StatusOr<FrameWriter> FrameWriter::Create(
    const std::string& path, const CompressionOptions& options,
    uint64_t content_bytes, int threads) {
  PEDIGREE_RETURN_IF_ERROR(CheckOptions(options, threads));
  auto context = std::make_unique<Context>();
  PEDIGREE_RETURN_IF_ERROR(context->SetUp(options, content_bytes, threads));
  PEDIGREE_ASSIGN_OR_RETURN(StagedFile file, StagedFile::Create(path));
  return FrameWriter(std::move(file), std::move(context));
}

absl::Status FrameWriter::Write(ByteSpan bytes) {
  return Compress(bytes, /*last=*/false);
}

absl::Status FrameWriter::Compress(ByteSpan bytes, bool last) {
  ZSTD_inBuffer input = {bytes.data(), bytes.size(), 0};
  bool done = false;
  while (!done) {
    ZSTD_outBuffer output = {buffer_.data(), buffer_.size(), 0};
    const size_t left =
        ZSTD_compressStream2(context_->zstd, &output, &input,
                             last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) {
      return absl::InternalError(absl::StrCat("Cannot compress ", file_.path(),
                                              ": ", ZSTD_getErrorName(left)));
    }
    PEDIGREE_RETURN_IF_ERROR(
        file_.Append(std::string_view(buffer_.data(), output.pos)));
    written_ += output.pos;
    done = last ? left == 0 : input.pos == input.size;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FrameWriter::Finish() {
  PEDIGREE_RETURN_IF_ERROR(Compress({}, /*last=*/true));
  PEDIGREE_RETURN_IF_ERROR(file_.Commit());
  return written_;
}

}  // namespace pedigree
