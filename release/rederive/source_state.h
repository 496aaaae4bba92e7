// How the state of a source folder compares with what a packet's record says of
// the sources it was made from.

#ifndef PEDIGREE_RELEASE_REDERIVE_SOURCE_STATE_H_
#define PEDIGREE_RELEASE_REDERIVE_SOURCE_STATE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "release/records.pb.h"

namespace pedigree {

// A note for each toolchain pin of `record` that the locks of the source,
// `third_party/*/archives.lock`, do not have, like
//
//   toolchain pin zstd is sha256:1f.. (expected sha256:2e..),
//   third_party/zstd/archives.lock
//
// None when the source has no locks: it takes its toolchains from elsewhere.
std::vector<std::string> ComparePins(const release::ReleaseRecord& record,
                                     const std::string& source);

// Pairs of the name of a source and where Bazel finds it, as the packet's
// action has them in its command line. `actions`: what `aquery
// --output=jsonproto` printed.
//
// Errors: kInvalidArgument when it is no such document; kNotFound when no
// action of it makes a packet.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadSources(
    std::string_view actions);

// A note for each path in which the source differs from the commit, by asking
// git; one that says why when it cannot tell. `scratch`: a folder for what git
// prints.
std::vector<std::string> CompareCommit(const std::string& source,
                                       const std::string& commit,
                                       const std::string& scratch);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_SOURCE_STATE_H_
