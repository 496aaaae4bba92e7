// Where two JSON documents differ, for people.

#ifndef PEDIGREE_RELEASE_JSON_DIFFERENCE_H_
#define PEDIGREE_RELEASE_JSON_DIFFERENCE_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "runtime/base/json.h"

namespace pedigree {

// The differences between `found` and `expected` in document order, at most
// `limit`, each like
//
//   layers[2].digest is "sha256:1f.." (expected "sha256:2e..")
std::vector<std::string> DescribeDifferences(const Json& found,
                                             const Json& expected,
                                             size_t limit = 20);

// The same of two records.
std::vector<std::string> DescribeRecordDifferences(
    const google::protobuf::Message& found,
    const google::protobuf::Message& expected);

struct JsonDifferences {
  // Values as JSON in ASCII, at most 100 bytes of each; "absent" where there is
  // none.
  std::vector<JsonDifference> changes;
  // Whether there are more than were asked for.
  bool more = false;
};

// The differences of two documents of which neither is the right one, in
// document order. Elements of a list that are objects with names ("id", "name",
// "bom-ref" and so on), none twice, are matched by name, others by position:
//
//   toolchain_pins[name=zstd].version
JsonDifferences ListDifferences(const Json& a, const Json& b,
                                size_t limit = 200);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_JSON_DIFFERENCE_H_
