// The OCI documents of a packet: manifest, ModelPack config, index and layout
// marker. Writing is canonical; reading refuses every key that a packet does
// not have. Specification: docs/formats/packet.md.

#ifndef PEDIGREE_RELEASE_OCI_H_
#define PEDIGREE_RELEASE_OCI_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kManifestMediaType =
    "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndexMediaType =
    "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kArtifactType =
    "application/vnd.cncf.model.manifest.v1+json";
inline constexpr std::string_view kConfigMediaType =
    "application/vnd.cncf.model.config.v1+json";

// What points at a blob. `file_path` is the layer's name, from both of its
// annotations; empty for a config.
struct Descriptor {
  std::string media_type;
  Digest digest;
  uint64_t size = 0;
  std::string file_path;
};

// An OCI manifest as packets have it.
struct OciManifest {
  std::string name;
  std::string version;
  Descriptor config;
  std::vector<Descriptor> layers;
};

// The blobs that it names: the config, then the layers.
std::vector<Descriptor> BlobsOf(const OciManifest& manifest);

// The canonical bytes.
std::string WriteOciManifest(const OciManifest& manifest);

// Reads a manifest. Closed key sets; the file names are read, not judged. All
// faults found are appended to `faults`, each on its own; what could be read is
// returned whatever the faults.
OciManifest ParseOciManifest(std::string_view text,
                             std::vector<std::string>* faults);

// `index.json` of a layout that holds one packet, whose manifest has the digest
// and size of `manifest`.
std::string WriteOciIndex(const Descriptor& manifest);

// Reads `index.json`, which must name exactly one manifest. Carriers may drop
// `mediaType` and `artifactType` and add a reference name.
//
// Errors: kInvalidArgument.
absl::StatusOr<Descriptor> ParseOciIndex(std::string_view text);

// `oci-layout`.
std::string WriteOciLayoutMarker();

// Errors: kInvalidArgument; kUnimplemented for another layout version.
absl::Status CheckOciLayoutMarker(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_OCI_H_
