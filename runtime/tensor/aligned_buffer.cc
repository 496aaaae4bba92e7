#include "runtime/tensor/aligned_buffer.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"

namespace pedigree {

absl::StatusOr<AlignedBuffer> AlignedBuffer::Allocate(uint64_t size_bytes,
                                                      const char* what) {
  AlignedBuffer buffer;
  if (size_bytes == 0) return buffer;
  if (size_bytes <= std::numeric_limits<size_t>::max() / 2) {
    buffer.size_ = static_cast<size_t>(size_bytes);
    buffer.data_ = static_cast<uint8_t*>(std::aligned_alloc(
        kAlignment, static_cast<size_t>(AlignUp(size_bytes, kAlignment))));
  }
  if (buffer.data_ == nullptr) {
    return MakeError(ErrorCode::kResourceLimit,
                     absl::StrCat("Out of memory: ", what, " takes ",
                                  size_bytes, " bytes"));
  }
  return buffer;
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AlignedBuffer::~AlignedBuffer() { std::free(data_); }

}  // namespace pedigree
