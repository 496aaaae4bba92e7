#include "runtime/exports/host_memory.h"

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {

uint8_t* HostMemory::Allocate(uint64_t length) {
  if (length == 0 || length > kMaxHostBlockBytes) return nullptr;
  absl::StatusOr<AlignedBuffer> block =
      AlignedBuffer::Allocate(length, "a host block");
  if (!block.ok()) return nullptr;
  uint8_t* const bytes = block->data();
  blocks_.emplace(bytes, *std::move(block));
  return bytes;
}

bool HostMemory::Free(const uint8_t* block, uint64_t length) {
  const auto found = blocks_.find(block);
  if (found == blocks_.end() || found->second.size() != length) return false;
  blocks_.erase(found);
  return true;
}

}  // namespace pedigree
