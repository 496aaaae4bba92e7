// Feeds bytes to the reader of packed packets. The first byte says what the
// others are: z, a file; t, the archive that a sound frame holds, so that the
// fuzzer need not guess checksums to get at tar headers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "release/archive/frame_reader.h"
#include "release/archive/packed_packet.h"
#include "runtime/base/check.h"
#include "zstd.h"

namespace pedigree {
namespace {

std::string Compressed(const uint8_t* data, size_t size) {
  std::string frame(ZSTD_compressBound(size), '\0');
  const size_t bytes =
      ZSTD_compress(frame.data(), frame.size(), data, size, /*level=*/1);
  PEDIGREE_CHECK(!ZSTD_isError(bytes));
  frame.resize(bytes);
  return frame;
}

void ReadPacked(const std::string& file) {
  size_t at = 0;
  FrameLimits limits;
  limits.max_bytes = uint64_t{64} << 20;
  const auto packet = PackedPacket::Read(
      [&](absl::Span<uint8_t> buffer) -> absl::StatusOr<size_t> {
        const size_t count = std::min(buffer.size(), file.size() - at);
        std::copy_n(file.data() + at, count, buffer.data());
        at += count;
        return count;
      },
      limits, /*sink=*/nullptr);
  // What is accepted is whole.
  if (packet.ok()) PEDIGREE_CHECK(at == file.size());
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if (data[0] == 't') {
    pedigree::ReadPacked(pedigree::Compressed(data + 1, size - 1));
  } else if (data[0] == 'z') {
    pedigree::ReadPacked(
        std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  }
  return 0;
}
