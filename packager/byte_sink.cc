#include "packager/byte_sink.h"

namespace pedigree {

absl::Status StringSink::Append(ByteSpan bytes) {
  out_.append(AsText(bytes));
  return absl::OkStatus();
}

absl::Status StringSink::Overwrite(uint64_t offset, ByteSpan bytes) {
  out_.replace(offset, bytes.size(), AsText(bytes));
  return absl::OkStatus();
}

absl::Status FileSink::Append(ByteSpan bytes) {
  return file_.Append(AsText(bytes));
}

absl::Status FileSink::Overwrite(uint64_t offset, ByteSpan bytes) {
  return file_.Overwrite(offset, AsText(bytes));
}

absl::Status DigestSink::Append(ByteSpan bytes) {
  stream_.Update(bytes);
  return absl::OkStatus();
}

absl::Status DigestSink::Overwrite(uint64_t, ByteSpan) {
  return absl::FailedPreconditionError("Cannot replace bytes that are hashed");
}

absl::Status NullSink::Append(ByteSpan) { return absl::OkStatus(); }

absl::Status NullSink::Overwrite(uint64_t, ByteSpan) {
  return absl::OkStatus();
}

}  // namespace pedigree
