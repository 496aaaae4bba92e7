// Offline verification of a packet. Specification: docs/formats/packet.md,
// "Verification".

#ifndef PEDIGREE_RELEASE_VERIFY_H_
#define PEDIGREE_RELEASE_VERIFY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layer.h"
#include "release/records.pb.h"
#include "runtime/base/sha256.h"

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

// Checks the packet in `directory`, an OCI image layout, against
// `expected_digest` if given and against itself: digests before parsing,
// sizes, closed key sets, no file but the packet's, safe names; then every
// record, how the records belong together, and that release node, record,
// config and manifest are exactly what these parts make.
//
// Never runs a model. Without an expected digest a packet that is good is only
// known to be consistent: whoever made it could have made another.
//
// Errors: kNotFound or kInvalidArgument when `directory` is no folder. Whatever
// is wrong inside it is a fault, not an error.
absl::StatusOr<VerifyReport> VerifyPacket(
    const std::string& directory,
    const std::optional<Digest>& expected_digest = std::nullopt);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_VERIFY_H_
