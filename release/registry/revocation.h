// How far a revocation reaches: everything that was made from something
// revoked, and every release that depends on it. Specification:
// docs/formats/registry.md, "Revocation".

#ifndef PEDIGREE_RELEASE_REGISTRY_REVOCATION_H_
#define PEDIGREE_RELEASE_REGISTRY_REVOCATION_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "release/lineage/packet_facts.h"
#include "release/registry/records.pb.h"
#include "release/registry/state.h"

namespace pedigree {

// Which digest was made from which, and which packet depends on which: of all
// packets that a ledger ever added.
class DerivationGraph {
 public:
  // An entry of the ledger that adds a packet; of others, nothing.
  void Add(const registry::Entry& entry);
  void Add(const std::string& packet, const registry::Release& release);

  // `digest` and all that was made from it, packets included. What a packet is
  // made into starts with its assembly.
  std::set<std::string> Closure(const std::string& digest) const;
  // Whether anything is known of `digest`.
  bool Knows(const std::string& digest) const;

 private:
  std::map<std::string, std::set<std::string>> made_from_;
  std::map<std::string, std::string> assembly_of_packet_;
};

// What a packet depends on and how everything came about that its documents
// tell of.
registry::Release DescribeRelease(const PacketFacts& facts);

// Every digest that a packet comes from.
std::set<std::string> OriginsOf(const registry::Release& release);

// What becomes of an alias whose artifact is revoked.
struct AliasFate {
  registry::AliasMove move;
  // The state in which `move.artifact` comes back; empty when the alias is
  // withdrawn.
  std::string restored_state;
  // When it is withdrawn: a proven artifact to promote instead, or nothing.
  std::string roll_forward;
};

// Gives `entry`, which revokes its subject, its effects: every digest that is
// affected, the artifacts that are revoked or come back, and where aliases go.
// Returns the fates of the aliases that point at something affected, by name.
//
// An alias goes back to what it pointed at before if that is proven and not
// itself affected; else it is withdrawn, and the artifact proven last of those
// that are left is named to roll forward to.
std::vector<AliasFate> PlanRevocation(const DerivationGraph& graph,
                                      const RegistryState& state,
                                      registry::Entry& entry);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_REVOCATION_H_
