// A model file that arrives in pieces and is never held twice.

#ifndef PEDIGREE_RUNTIME_EXPORTS_MODEL_UPLOAD_H_
#define PEDIGREE_RUNTIME_EXPORTS_MODEL_UPLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file_hashes.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {

// Fills one block of the announced length, and hashes what comes while it is in
// the processor's cache.
class ModelUpload {
 public:
  // Errors: code InvalidLength for 0 bytes; code ResourceLimit.
  static absl::StatusOr<ModelUpload> Begin(uint64_t length);

  // Errors: code InvalidLength when `piece` passes the announced length;
  // nothing of it is kept then.
  absl::Status Append(ByteSpan piece);

  // SHA-256 of the pieces so far.
  Digest digest() const { return hashes_.Finish().digest; }

  // The whole file with its hashes, which starts on a multiple of 64 and may be
  // written over. Ends the upload.
  //
  // Errors: code InvalidLength when bytes are missing; more may follow.
  absl::StatusOr<std::unique_ptr<const ByteSource>> Finish();

 private:
  explicit ModelUpload(AlignedBuffer block) : block_(std::move(block)) {}

  AlignedBuffer block_;
  FileHashStream hashes_{kSlmChecksumOffset};
  size_t received_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EXPORTS_MODEL_UPLOAD_H_
