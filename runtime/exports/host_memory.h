// The blocks that a WebAssembly host has borrowed from the module.

#ifndef PEDIGREE_RUNTIME_EXPORTS_HOST_MEMORY_H_
#define PEDIGREE_RUNTIME_EXPORTS_HOST_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>

#include "runtime/base/bytes.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {

// The largest block that the module hands out: 1 GiB.
inline constexpr uint64_t kMaxHostBlockBytes = uint64_t{1} << 30;

// Hands out blocks and remembers them, so that no call of a host, however
// wrong, can free what is not its own.
class HostMemory {
 public:
  // A block of `length` bytes that starts on a multiple of 64; null for a
  // length of 0 or above kMaxHostBlockBytes, and when memory has run out.
  uint8_t* Allocate(uint64_t length);

  // Takes back the block at `block`. Returns false, and does nothing, unless
  // Allocate made it with this very length and it was not taken back before.
  bool Free(const uint8_t* block, uint64_t length);

  size_t block_count() const { return blocks_.size(); }

 private:
  std::map<const uint8_t*, AlignedBuffer> blocks_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EXPORTS_HOST_MEMORY_H_
