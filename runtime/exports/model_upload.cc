#include "runtime/exports/model_upload.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file_hashes.h"
#include "runtime/base/status_macros.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {
namespace {

class UploadedFile final : public ByteSource {
 public:
  UploadedFile(AlignedBuffer block, const FileHashes& hashes)
      : block_(std::move(block)), hashes_(hashes) {}

  ByteSpan bytes() const override { return {block_.data(), block_.size()}; }
  const FileHashes* hashes() const override { return &hashes_; }
  uint8_t* Writable() const override { return block_.data(); }

 private:
  AlignedBuffer block_;
  FileHashes hashes_;
};

}  // namespace

absl::StatusOr<ModelUpload> ModelUpload::Begin(uint64_t length) {
  if (length == 0) {
    return MakeError(ErrorCode::kInvalidLength,
                     "Invalid model upload: length is 0 (expected at least 1)");
  }
  PEDIGREE_ASSIGN_OR_RETURN(AlignedBuffer block,
                            AlignedBuffer::Allocate(length, "the model"));
  return ModelUpload(std::move(block));
}

absl::Status ModelUpload::Append(ByteSpan piece) {
  if (!RangeInside(received_, piece.size(), block_.size())) {
    return MakeError(ErrorCode::kInvalidLength,
                     "Invalid model upload: ", piece.size(), " bytes at ",
                     received_, " pass the announced length ", block_.size());
  }
  if (!piece.empty()) {
    std::memcpy(block_.data() + received_, piece.data(), piece.size());
    hashes_.Update(piece);
  }
  received_ += piece.size();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const ByteSource>> ModelUpload::Finish() {
  if (received_ != block_.size()) {
    return MakeError(ErrorCode::kInvalidLength, "Invalid model upload: has ",
                     received_, " bytes (announced ", block_.size(), ")");
  }
  return std::make_unique<const UploadedFile>(std::move(block_),
                                              hashes_.Finish());
}

}  // namespace pedigree
