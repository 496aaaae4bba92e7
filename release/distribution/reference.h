// Names of packets in registries: host[:port]/name[:tag][@digest].
// Specification: docs/formats/distribution.md, "References".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_REFERENCE_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_REFERENCE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// A parsed reference.
struct Reference {
  // "host" or "host:port", as written.
  std::string registry;
  // "name" or "name/name".
  std::string repository;
  // Empty when there is none.
  std::string tag;
  std::optional<Digest> digest;

  // "registry/repository".
  std::string Place() const;
};

// Reads a reference. The registry is never implied: the first part must be
// `localhost`, or hold a dot or a colon.
//
// Errors: kInvalidArgument with the part that breaks the grammar.
absl::StatusOr<Reference> ParseReference(std::string_view text);

// The repository part alone, at most 255 bytes.
//
// Errors: kInvalidArgument.
absl::Status CheckRepository(std::string_view repository);

// Whether `registry` is this machine: localhost, 127.x.y.z or [::1].
bool IsLoopback(std::string_view registry);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_REFERENCE_H_
