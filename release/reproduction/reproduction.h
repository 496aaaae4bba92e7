// Whether two builds made the same artifacts. Specification:
// docs/formats/audit.md, "Reproduction".

#ifndef PEDIGREE_RELEASE_REPRODUCTION_REPRODUCTION_H_
#define PEDIGREE_RELEASE_REPRODUCTION_REPRODUCTION_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kReproductionPredicateType =
    "https://pedigree.dev/reproduction/v1";

// Digests by path.
using ArtifactList = std::map<std::string, Digest>;

// Reads what sha256sum prints, "<64 hex>  <path>" a line. `what` names the list
// in errors.
//
// Errors: kInvalidArgument, with the line, for any other line, a path that
// comes twice, a path of more than 4096 bytes or with others than printable
// ASCII, and an empty list.
absl::StatusOr<ArtifactList> ParseArtifactList(std::string_view text,
                                               std::string_view what);

// What was different around the two builds, such as the user.
struct ReproductionAxis {
  std::string name;
  std::string first;
  std::string second;
};

// Reads "NAME=FIRST=SECOND".
//
// Errors: kInvalidArgument for anything else, an empty name, and an axis whose
// two values are equal, which shows nothing.
absl::StatusOr<ReproductionAxis> ParseAxis(std::string_view text);

// An artifact that is not the same in both builds; null where there is none.
struct ArtifactDifference {
  std::string path;
  std::optional<Digest> first;
  std::optional<Digest> second;
};

struct Reproduction {
  ArtifactList first;
  std::vector<ReproductionAxis> axes;
  // By path.
  std::vector<ArtifactDifference> differences;
  // What makes the differences, in words, where it is known.
  std::vector<std::string> causes;

  bool reproduced() const { return differences.empty(); }
};

std::vector<ArtifactDifference> CompareArtifacts(const ArtifactList& first,
                                                 const ArtifactList& second);

// For people; ends with "reproduction: REPRODUCED" or "reproduction: DIFFERS".
std::string DescribeReproduction(const Reproduction& reproduction);

// An unsigned in-toto Statement v1 whose subjects are the first build's
// artifacts.
Json ReproductionStatement(const Reproduction& reproduction);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REPRODUCTION_REPRODUCTION_H_
