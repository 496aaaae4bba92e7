// Many blobs hashed at once.

#ifndef PEDIGREE_RELEASE_HASH_BLOBS_H_
#define PEDIGREE_RELEASE_HASH_BLOBS_H_

#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "release/file_stream.h"
#include "release/packet_source.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// What the blobs of `sizes`, all of them in `source`, really hash to, or why
// they cannot be read. Works on `threads` threads, one blob each at a time, the
// largest first; the result does not depend on their number.
std::map<Digest, absl::StatusOr<FileDigest>> HashBlobs(
    const PacketSource& source, const std::map<Digest, uint64_t>& sizes,
    int threads);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_HASH_BLOBS_H_
