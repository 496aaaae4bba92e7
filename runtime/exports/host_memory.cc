#include "runtime/exports/host_memory.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {
namespace {

// Whether memory has a block and what remembers it. Where it has run out to the
// last byte, even the text of an error would end the module.
bool HasRoom(uint64_t length) {
  constexpr uint64_t kBookkeepingBytes = 1024;
  // Volatile, since the compiler leaves out what is only taken and given back.
  void* volatile probe =
      std::malloc(static_cast<size_t>(length + kBookkeepingBytes));
  std::free(probe);
  return probe != nullptr;
}

}  // namespace

uint8_t* HostMemory::Allocate(uint64_t length) {
  if (length == 0 || length > kMaxHostBlockBytes) return nullptr;
  if (!HasRoom(length)) return nullptr;
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
