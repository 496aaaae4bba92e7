// What changed between two packets, told from their manifests and records.

#ifndef PEDIGREE_RELEASE_MANIFEST_DIFFERENCE_H_
#define PEDIGREE_RELEASE_MANIFEST_DIFFERENCE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pedigree {

// Compares the manifest of a packet with the one on record: a line for each
// layer that changed, was added or went missing, by name and with both digests,
// and for the config and the packet's own name and version. Empty when the two
// are equal byte for byte.
//
// Errors: kInvalidArgument when either is no packet manifest.
absl::StatusOr<std::vector<std::string>> DescribeManifestDifference(
    std::string_view manifest, std::string_view recorded);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_MANIFEST_DIFFERENCE_H_
