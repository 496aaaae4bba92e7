// Small packets of a family of models, for tests of registries and lineages:
// true records about models of a few bytes, which nothing here runs.

#ifndef PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_FAMILY_H_
#define PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_FAMILY_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "packager/records.pb.h"

namespace pedigree {

// Makes packets below one folder. All share licence, suite, gate policy and
// runtimes, as the packets of one team do.
class SampleFamily {
 public:
  // `folder` must exist.
  explicit SampleFamily(std::string folder);

  // Makes the packet `name`, a model of its own that `operation` ("import",
  // "fuse", "merge", "quantize") made from those of `parents`, made before;
  // with `adapters`, an unfused descendant of the first parent's model instead
  // ("adapter"). Returns the packet's directory.
  std::string Make(const std::string& name, const std::string& operation,
                   const std::vector<std::string>& parents = {},
                   const std::vector<std::string>& adapters = {});

  std::string Path(const std::string& name) const;
  // "sha256:<hex>" of the manifest, of the assembly, of the weights file.
  const std::string& Packet(const std::string& name) const;
  const std::string& Assembly(const std::string& name) const;
  const std::string& Model(const std::string& name) const;

 private:
  struct Member {
    std::string packet;
    std::string model;
    std::vector<std::string> adapters;
    packager::DerivationNode node;
    // Names of all ancestors.
    std::set<std::string> ancestors;
  };

  friend class MemberBuilder;

  std::string folder_;
  std::map<std::string, Member> members_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_TESTING_SAMPLE_FAMILY_H_
