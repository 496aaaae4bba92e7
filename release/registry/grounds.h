// What a decision must stand on: evidence, signed approvals and claims, held
// against the policy. Asked before a decision is written, and again by whoever
// verifies the registry. Specification: docs/formats/registry.md, "Policy".

#ifndef PEDIGREE_RELEASE_REGISTRY_GROUNDS_H_
#define PEDIGREE_RELEASE_REGISTRY_GROUNDS_H_

#include <string>
#include <vector>

#include "release/records.pb.h"
#include "release/registry/ledger.h"
#include "release/registry/policy.h"
#include "release/registry/records.pb.h"

namespace pedigree {

// An envelope, and what to call it in messages.
struct NamedEnvelope {
  std::string name;
  std::string text;
};

struct Grounds {
  // The decision, as an approval of it would name it: `action` is "promote",
  // "rollback" or "policy". Registry, sequence and entry are not looked at.
  registry::Approval decision;
  // Of the packet, verified; not for "policy".
  release::ReleaseRecord record;
  std::vector<NamedEnvelope> approvals;
  std::vector<NamedEnvelope> claims;
};

// What `policy` finds lacking, a line each, when the first `size` entries of
// `ledger` are all that has been decided. Anything shown that does not count is
// named too, whether or not enough is left.
std::vector<std::string> CheckGrounds(const RegistryPolicy& policy,
                                      const Grounds& grounds,
                                      const Ledger& ledger, uint64_t size);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_GROUNDS_H_
