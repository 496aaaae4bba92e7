// From a packet to its packed form.

#ifndef PEDIGREE_RELEASE_ARCHIVE_PACK_H_
#define PEDIGREE_RELEASE_ARCHIVE_PACK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "release/archive/frame_writer.h"
#include "release/packet_files.h"
#include "release/verify.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// What was packed; nothing when `report` has faults.
struct PackResult {
  VerifyReport report;
  uint64_t content_bytes = 0;
  uint64_t packed_bytes = 0;
};

// Verifies the packet, against `expected_digest` if given, and writes it to the
// file `out`, all or nothing. Each blob is read once: hashed while it is
// compressed. The bytes depend on the packet and `options` alone, not on the
// form it was read from nor on `threads`.
//
// Errors: those of FrameWriter; kDataLoss when a blob that only this pass hashes
// is not what its name says.
absl::StatusOr<PackResult> PackPacket(
    const PacketFiles& packet, const std::optional<Digest>& expected_digest,
    const CompressionOptions& options, int threads, const std::string& out);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_PACK_H_
