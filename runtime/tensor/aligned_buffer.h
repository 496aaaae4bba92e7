// Memory for tensors: one aligned block whose allocation can fail politely.

#ifndef PEDIGREE_RUNTIME_TENSOR_ALIGNED_BUFFER_H_
#define PEDIGREE_RUNTIME_TENSOR_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace pedigree {

// An owned block of bytes that starts on a multiple of 64. Movable.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  // `size_bytes` of memory whose contents are unspecified; 0 gives an empty
  // buffer.
  //
  // Errors: code ResourceLimit, naming `what`, when the system has not that
  // much.
  static absl::StatusOr<AlignedBuffer> Allocate(uint64_t size_bytes,
                                                const char* what);

  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  ~AlignedBuffer();

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_ALIGNED_BUFFER_H_
