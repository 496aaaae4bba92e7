// What a ledger says now: the state of every artifact, and where every alias
// points. Specification: docs/formats/registry.md.

#ifndef PEDIGREE_RELEASE_REGISTRY_STATE_H_
#define PEDIGREE_RELEASE_REGISTRY_STATE_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/registry/ledger.h"
#include "release/registry/records.pb.h"

namespace pedigree {

// Artifacts and aliases as their derived records tell them.
class RegistryState {
 public:
  // Of the whole ledger, every entry held against the rules of the lifecycle.
  //
  // Errors: kDataLoss with the number of an entry that breaks its schema or
  // that no command would have written.
  static absl::StatusOr<RegistryState> Replay(const Ledger& ledger);
  // The same, showing `look` each entry that was allowed and the state before
  // it. Errors of `look` end it.
  static absl::StatusOr<RegistryState> Replay(
      const Ledger& ledger,
      absl::FunctionRef<absl::Status(const RegistryState&,
                                     const registry::Entry&)>
          look);

  // Only what concerns the artifacts of these digests, the aliases of these
  // names, and the artifacts those point at. The work does not grow with the
  // number of other artifacts but for two passes over the ledger's text.
  static absl::StatusOr<RegistryState> Of(
      const Ledger& ledger, const std::set<std::string>& artifacts,
      const std::set<std::string>& aliases);

  // Null for what the registry does not hold.
  const registry::Artifact* Find(std::string_view artifact) const;
  const registry::Alias* FindAlias(std::string_view alias) const;
  const std::map<std::string, registry::Artifact>& artifacts() const {
    return artifacts_;
  }
  const std::map<std::string, registry::Alias>& aliases() const {
    return aliases_;
  }
  // Digest of the policy that rules.
  const std::string& policy() const { return policy_; }

  // Whether the lifecycle allows `entry` here.
  absl::Status Check(const registry::Entry& entry) const;
  // Takes the entry's changes over, allowed or not.
  void Apply(const registry::Entry& entry);

 private:
  // Applies the entries of `wanted` that come after what was applied of them.
  absl::Status ApplyAll(const Ledger& ledger, const std::set<uint64_t>& wanted);
  absl::Status CheckTransitions(const registry::Entry& entry) const;
  absl::Status CheckMoves(const registry::Entry& entry) const;
  // A copy of the artifacts that `entry` names.
  RegistryState Touched(const registry::Entry& entry) const;
  void Admit(const registry::Entry& entry);
  void Point(const registry::Entry& entry, const registry::AliasMove& move);

  std::map<std::string, registry::Artifact> artifacts_;
  std::map<std::string, registry::Alias> aliases_;
  std::string policy_;
};

// The digest of the policy that rules at the end of `ledger`.
absl::StatusOr<std::string> CurrentPolicy(const Ledger& ledger);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_STATE_H_
