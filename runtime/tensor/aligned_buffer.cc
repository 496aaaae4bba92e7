#include "runtime/tensor/aligned_buffer.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"

namespace pedigree {
namespace {

#if defined(__linux__)
// What one entry of a huge page table maps on x86-64, and what aarch64 does with
// pages of 4 KiB.
constexpr size_t kHugePageBytes = size_t{2} << 20;

// Streaming through small pages costs a tenth of the memory's bandwidth. A
// system that refuses gives the same bytes more slowly.
void AskForHugePages(uint8_t* data, size_t size) {
  if (data != nullptr && size >= kHugePageBytes) {
    madvise(data, size, MADV_HUGEPAGE);
  }
}
#else
constexpr size_t kHugePageBytes = std::numeric_limits<size_t>::max();
void AskForHugePages(uint8_t* /*data*/, size_t /*size*/) {}
#endif

}  // namespace

absl::StatusOr<AlignedBuffer> AlignedBuffer::Allocate(uint64_t size_bytes,
                                                      const char* what) {
  AlignedBuffer buffer;
  if (size_bytes == 0) return buffer;
  if (size_bytes <= std::numeric_limits<size_t>::max() / 2) {
    buffer.size_ = static_cast<size_t>(size_bytes);
    const size_t alignment =
        size_bytes >= kHugePageBytes ? kHugePageBytes : kAlignment;
    buffer.data_ = static_cast<uint8_t*>(std::aligned_alloc(
        alignment, static_cast<size_t>(AlignUp(size_bytes, alignment))));
    AskForHugePages(buffer.data_, buffer.size_);
  }
  if (buffer.data_ == nullptr) {
    return MakeError(ErrorCode::kResourceLimit, "Out of memory: ", what,
                     " takes ", size_bytes, " bytes");
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
