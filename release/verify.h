// Offline verification of a packet. Specification: docs/formats/packet.md,
// "Verification".

#ifndef PEDIGREE_RELEASE_VERIFY_H_
#define PEDIGREE_RELEASE_VERIFY_H_

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layer.h"
#include "release/packet_source.h"
#include "release/records.pb.h"
#include "runtime/base/sha256.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// What verification found. The packet is good when there are no faults.
struct VerifyReport {
  // Each names one thing that is wrong: the place, and both values.
  std::vector<std::string> faults;
  // The manifest's digest as index.json claims it; absent when it cannot be
  // read. Proven only when there are no faults.
  std::optional<Digest> digest;
  // From the parsed record and manifest; without faults, complete.
  release::ReleaseRecord record;
  std::vector<Layer> layers;
};

// Prints the faults of a packet that a command refuses to work on.
void PrintFaults(std::FILE* out, const std::vector<std::string>& faults);

// Checks the packet that `source` holds, against `expected_digest` if given and
// against itself: digests before parsing, sizes, closed key sets, no file but
// the packet's, safe names; then every record, how the records belong together,
// and that release node, record, config and manifest are exactly what these
// parts make. Whatever is wrong is a fault, not an error.
//
// Never runs a model. Without an expected digest a packet that is good is only
// known to be consistent: whoever made it could have made another.
//
// Blobs that are not documents are hashed on `threads` threads, in constant
// memory each. Default: one for each core.
VerifyReport VerifyPacket(
    const PacketSource& source,
    const std::optional<Digest>& expected_digest = std::nullopt,
    int threads = AvailableThreads());

// The same of the OCI image layout in `directory`.
//
// Errors: kNotFound or kInvalidArgument when `directory` is no folder.
absl::StatusOr<VerifyReport> VerifyPacket(
    const std::string& directory,
    const std::optional<Digest>& expected_digest = std::nullopt);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_VERIFY_H_
