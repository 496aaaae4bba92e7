// A signed claim as an artifact that points at the packet it is about.
// Specification: docs/formats/distribution.md, "Claims".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_CLAIM_ARTIFACT_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_CLAIM_ARTIFACT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/oci.h"
#include "runtime/base/json.h"

namespace pedigree {

inline constexpr std::string_view kBundleArtifactType =
    "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view kEnvelopesArtifactType =
    "application/vnd.in-toto.bundle";
inline constexpr std::string_view kEmptyMediaType =
    "application/vnd.oci.empty.v1+json";
// The bytes of the empty config.
inline constexpr std::string_view kEmptyConfig = "{}";
// Limit on one file of claims.
inline constexpr uint64_t kMaxClaimFileBytes = uint64_t{64} << 20;

// One file of a folder of claims.
struct ClaimFile {
  std::string name;
  std::string artifact_type;
  std::string bytes;
};

// The files of the folder `directory` that travel, by name: `*.sigstore.json` and
// `*.intoto.jsonl`.
//
// Errors: kNotFound; kInvalidArgument for any other file, so that nothing stays
// behind unnoticed.
absl::StatusOr<std::vector<ClaimFile>> ReadClaimFiles(
    const std::string& directory);

// The canonical manifest of an artifact that holds `file` and points at
// `subject`, whose media type is that of packets.
std::string WriteClaimManifest(const ClaimFile& file,
                               const Descriptor& subject);

// Its entry in an index of referrers.
Json ClaimDescriptor(const ClaimFile& file, std::string_view manifest);

// What a claim's manifest says, whoever wrote it.
struct ClaimLayer {
  // The file's name, if it is a safe one of the kind above; else empty.
  std::string name;
  Digest digest;
  uint64_t size = 0;
};

// Reads the manifest of a claim's artifact. Unknown members are ignored.
//
// Errors: kInvalidArgument unless it has one layer and points at `subject`.
absl::StatusOr<ClaimLayer> ParseClaimManifest(std::string_view text,
                                              const Digest& subject);

// Whether pull takes artifacts of that type.
bool IsClaimType(std::string_view artifact_type);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_CLAIM_ARTIFACT_H_
