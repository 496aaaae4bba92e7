// A folder of sources, named by one digest. Specification:
// docs/formats/audit.md, "Source digest".

#ifndef PEDIGREE_RELEASE_REDERIVE_SOURCE_TREE_H_
#define PEDIGREE_RELEASE_REDERIVE_SOURCE_TREE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct SourceTree {
  Digest digest;
  uint64_t files = 0;
};

// Hashes every file below `folder`, what a build may read, whatever a version
// control system thinks of it: all but ".git" and links named "bazel-*" at the
// top. Paths, contents, links and executable bits count; times and owners do
// not.
//
// Errors: kNotFound or kInvalidArgument when it is no folder, has a file that
// is neither regular nor a link, or a path with a line feed; those of reading.
absl::StatusOr<SourceTree> DigestSourceTree(const std::string& folder);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_SOURCE_TREE_H_
