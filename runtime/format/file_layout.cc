#include "runtime/format/file_layout.h"

#include "runtime/base/status_macros.h"

namespace pedigree {

absl::Status FileLayout::Next(ErrorCode code, std::string_view what,
                              uint64_t offset, uint64_t length,
                              uint64_t alignment) {
  const auto error = [&](const auto&... parts) {
    return MakeError(code, "Invalid ", thing_, ": ", what, " at ", offset,
                     parts...);
  };
  if (!RangeInside(offset, length, file_bytes_.size())) {
    return error(" (", length, " bytes) runs past file size ",
                 file_bytes_.size());
  }
  if (offset < end_) {
    return error(" overlaps ", previous_, ", which ends at ", end_);
  }
  if (offset % alignment != 0) {
    return error(" is not a multiple of ", alignment);
  }
  const uint64_t expected = AlignUp(end_, alignment);
  if (offset != expected) {
    return error(" leaves a gap behind ", previous_, ", which ends at ",
                 end_, " (expected offset ", expected, ")");
  }
  PEDIGREE_RETURN_IF_ERROR(CheckPadding(code, end_, offset));
  previous_ = std::string(what);
  end_ = offset + length;
  return absl::OkStatus();
}

absl::Status FileLayout::Finish(ErrorCode code, uint64_t alignment) const {
  const uint64_t expected = AlignUp(end_, alignment);
  if (file_bytes_.size() != expected) {
    return MakeError(code, "Invalid ", thing_, ": file size ",
                     file_bytes_.size(), " (expected ", expected, ": ",
                     previous_, " ends at ", end_, " and is padded to ",
                     alignment, ")");
  }
  return CheckPadding(code, end_, expected);
}

absl::Status FileLayout::CheckPadding(ErrorCode code, uint64_t begin,
                                      uint64_t end) const {
  for (uint64_t i = begin; i < end; ++i) {
    if (file_bytes_[i] == 0) continue;
    return MakeError(code, "Invalid ", thing_, ": padding behind ", previous_,
                     " is ", file_bytes_[i], " (expected 0), at byte ", i);
  }
  return absl::OkStatus();
}

}  // namespace pedigree
