// A population of any size: imports, and what is tuned, adapted and merged from
// them.

#ifndef PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_POPULATION_H_
#define PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_POPULATION_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "release/registry/testing/sample_family.h"

namespace pedigree {

inline std::string MemberName(int index) {
  return absl::StrCat("model-", index);
}

// Makes member `index`, those before it being made. A parent has up to eight
// children, so ancestors grow with the logarithm of the population.
inline std::string MakeMember(SampleFamily& family, int index) {
  const std::string name = MemberName(index);
  const std::string parent = MemberName((index - 1) / 8);
  if (index == 0) {
    family.Make(name, "import");
  } else if (index % 7 == 3) {
    family.Make(name, "adapter", {parent}, {name});
  } else if (index % 7 == 5 && index > 8) {
    family.Make(name, "merge", {parent, MemberName((index - 1) / 8 - 1)});
  } else {
    family.Make(name, index % 2 == 0 ? "fuse" : "quantize", {parent});
  }
  return name;
}

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_POPULATION_H_
