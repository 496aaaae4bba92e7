// What can be decided in a registry, one entry of the ledger each.
// Specification: docs/formats/registry.md, "Commands".

#ifndef PEDIGREE_RELEASE_REGISTRY_OPERATIONS_H_
#define PEDIGREE_RELEASE_REGISTRY_OPERATIONS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/registry/file_system.h"
#include "release/registry/grounds.h"
#include "release/registry/ledger.h"
#include "release/registry/policy.h"
#include "release/registry/records.pb.h"
#include "release/registry/revocation.h"
#include "release/registry/state.h"
#include "release/registry/store.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// What every decision is told.
struct DecisionNote {
  // RFC 3339, UTC.
  std::string at;
  std::string reason;
};

// What became of a decision. Without refusals, `entry` is in the ledger, unless
// there was nothing to do.
struct Verdict {
  // Why not, a line each; then nothing has changed.
  std::vector<std::string> refusals;
  bool nothing_to_do = false;
  registry::Entry entry;
  // Of a revocation.
  std::vector<AliasFate> fates;
};

// Makes a registry. `nonce` makes it different from others of that name.
// Errors: kInvalidArgument for a bad policy or time; as InitRegistry.
absl::Status CreateRegistry(FileSystem& files, const std::string& directory,
                            const std::string& name, const std::string& nonce,
                            const RegistryPolicy& policy,
                            const DecisionNote& note);

// Adds the packet at `packet` as a draft, once it verifies (against
// `expected_digest`, if given) and nothing it comes from is revoked. A packet
// that is there already is nothing to do.
absl::StatusOr<Verdict> AddPacket(RegistryWriter& writer,
                                  const std::string& packet,
                                  const std::optional<Digest>& expected_digest,
                                  const DecisionNote& note);

struct PromoteRequest {
  std::string artifact;
  std::string state;
  // For champion and specialist: the alias that is to point at it.
  std::string alias;
  std::vector<NamedEnvelope> approvals;
  std::vector<NamedEnvelope> claims;
  // Digest of the policy that the caller believes to rule; empty for any.
  std::string policy;
};

// Takes an artifact one state on, if the policy lets it: the packet is verified
// anew, its gate decided to promote it, its evidence and the signed approvals
// are what the rule of the state asks for.
absl::StatusOr<Verdict> Promote(RegistryWriter& writer,
                                const PromoteRequest& request,
                                const DecisionNote& note);

// Whether a decision of that action, artifact, alias and state could ever be
// made, so that it makes sense to approve it. Errors: kInvalidArgument.
absl::Status CheckWish(const registry::Approval& wish);

struct RollbackRequest {
  std::string alias;
  // An artifact that is proven deployable.
  std::string artifact;
  std::vector<NamedEnvelope> approvals;
};

// Points an alias back at an artifact that was canary, champion or specialist
// before and verifies anew.
absl::StatusOr<Verdict> Rollback(RegistryWriter& writer,
                                 const RollbackRequest& request,
                                 const DecisionNote& note);

// Takes an artifact that no alias points at, or what an alias points at with
// the alias, to `state`, "archived" or "rejected". `target` is a digest or an
// alias.
absl::StatusOr<Verdict> Retire(RegistryWriter& writer,
                               const std::string& target,
                               const std::string& state,
                               const DecisionNote& note);

// Revokes what has this digest, a packet, an assembly, a model, an adapter, a
// runtime or an input of an operator, and all that comes from it.
absl::StatusOr<Verdict> Revoke(RegistryWriter& writer,
                               const std::string& digest,
                               const DecisionNote& note);

// Puts another policy in force.
absl::StatusOr<Verdict> ChangePolicy(
    RegistryWriter& writer, const RegistryPolicy& policy,
    const std::vector<NamedEnvelope>& approvals, const DecisionNote& note);

// Writes aliases and index anew from the ledger, and removes what an
// interrupted `add` left.
absl::Status Reindex(RegistryWriter& writer);

// The policy in force.
absl::StatusOr<RegistryPolicy> ReadCurrentPolicy(const std::string& directory,
                                                 const Ledger& ledger);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_OPERATIONS_H_
