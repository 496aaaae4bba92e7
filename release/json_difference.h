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

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_JSON_DIFFERENCE_H_
