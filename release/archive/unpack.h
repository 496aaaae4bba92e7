// From the packed form of a packet back to its directory, and what is checked
// on the way.

#ifndef PEDIGREE_RELEASE_ARCHIVE_UNPACK_H_
#define PEDIGREE_RELEASE_ARCHIVE_UNPACK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "release/archive/frame_reader.h"
#include "release/packet_source.h"
#include "release/verify.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Whether there is a regular file at `path`, so that a packet there is packed.
bool IsPackedPath(const std::string& path);

// Verifies the packet in the file `path` as VerifyPacket does, in one pass that
// keeps documents in memory and nothing else. A damaged or overlong file is a
// fault. `max_ratio` bounds its contents, see MaxContentBytes. `packet`, if given,
// becomes what was verified; null for a damaged file.
//
// Errors: kNotFound and others when the file cannot be read.
absl::StatusOr<VerifyReport> VerifyPackedPacket(
    const std::string& path, const std::optional<Digest>& expected_digest,
    uint64_t max_ratio = kMaxRatio,
    std::unique_ptr<PacketSource>* packet = nullptr);

// Does the same while it writes the packet's directory `out`, which appears only
// when there are no faults. `out` must not exist, or be an empty folder.
//
// Errors: as VerifyPackedPacket; kAlreadyExists; for a damaged or overlong file
// those of PackedPacket::Read.
absl::StatusOr<VerifyReport> UnpackPacket(
    const std::string& path, const std::optional<Digest>& expected_digest,
    uint64_t max_ratio, const std::string& out);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_UNPACK_H_
