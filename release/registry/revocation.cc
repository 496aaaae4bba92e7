#include "release/registry/revocation.h"

#include <algorithm>
#include <utility>

#include "release/registry/lifecycle.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

using registry::Derivation;

Derivation MakeDerivation(const std::string& digest,
                          std::set<std::string> from) {
  from.erase("");
  from.erase(digest);
  Derivation derivation;
  derivation.set_digest(digest);
  for (const std::string& each : from) derivation.add_from(each);
  return derivation;
}

// How the assembly of a node came about. A model is in its assembly whatever
// the operator, so the digest of a weights file reaches what holds it.
Derivation OfNode(const packager::DerivationNode& node) {
  std::set<std::string> from(node.parent_digests().begin(),
                             node.parent_digests().end());
  from.insert(node.model_digest());
  from.insert(node.adapter_digests().begin(), node.adapter_digests().end());
  from.insert(node.fused_adapter_digests().begin(),
              node.fused_adapter_digests().end());
  return MakeDerivation(node.artifact_digest(), std::move(from));
}

Derivation OfReceipt(const packager::Receipt& receipt) {
  std::set<std::string> from;
  for (const packager::FileReference& input : receipt.inputs()) {
    from.insert(input.digest());
  }
  return MakeDerivation(receipt.output().digest(), std::move(from));
}

std::set<std::string> DependenciesOf(const PacketFacts& facts) {
  std::set<std::string> digests = {facts.record.assembly_digest()};
  for (const release::Runtime& runtime : facts.record.runtimes()) {
    digests.insert(runtime.digest());
  }
  return digests;
}

// The artifact to promote where no way back is left.
std::string ProvenLast(const std::set<std::string>& revoked,
                       const RegistryState& state) {
  const registry::Artifact* best = nullptr;
  for (const auto& [digest, artifact] : state.artifacts()) {
    if (artifact.proven() == 0 || revoked.count(digest) != 0 ||
        artifact.state() == "revoked" || artifact.state() == "rejected") {
      continue;
    }
    if (best == nullptr || artifact.proven() > best->proven()) {
      best = &artifact;
    }
  }
  return best == nullptr ? "" : best->artifact();
}

bool MayComeBack(const registry::Artifact* artifact,
                 const std::set<std::string>& revoked) {
  return artifact != nullptr && artifact->proven() != 0 &&
         revoked.count(artifact->artifact()) == 0 &&
         (artifact->state() == "archived" || MovesAlias(artifact->state()));
}

}  // namespace

void DerivationGraph::Add(const registry::Entry& entry) {
  if (entry.action() == "add") Add(entry.subject(), entry.release());
}

void DerivationGraph::Add(const std::string& packet,
                          const registry::Release& release) {
  assembly_of_packet_[packet] = release.assembly_digest();
  for (const std::string& from : release.depends_on()) {
    made_from_[from].insert(packet);
  }
  for (const Derivation& derivation : release.derivations()) {
    for (const std::string& from : derivation.from()) {
      made_from_[from].insert(derivation.digest());
    }
  }
}

std::set<std::string> DerivationGraph::Closure(
    const std::string& digest) const {
  std::set<std::string> reached = {digest};
  std::vector<std::string> open = {digest};
  const auto packet = assembly_of_packet_.find(digest);
  if (packet != assembly_of_packet_.end() &&
      reached.insert(packet->second).second) {
    open.push_back(packet->second);
  }
  while (!open.empty()) {
    const std::string next = std::move(open.back());
    open.pop_back();
    const auto found = made_from_.find(next);
    if (found == made_from_.end()) continue;
    for (const std::string& made : found->second) {
      if (reached.insert(made).second) open.push_back(made);
    }
  }
  return reached;
}

bool DerivationGraph::Knows(const std::string& digest) const {
  return made_from_.count(digest) != 0 ||
         assembly_of_packet_.count(digest) != 0;
}

registry::Release DescribeRelease(const PacketFacts& facts) {
  registry::Release release;
  release.set_name(facts.record.name());
  release.set_version(facts.record.version());
  release.set_assembly_digest(facts.record.assembly_digest());
  release.set_claim_level(facts.record.claim_level());
  for (const std::string& digest : DependenciesOf(facts)) {
    release.add_depends_on(digest);
  }
  // By canonical text: sorted, and none twice.
  std::map<std::string, Derivation> derivations;
  const auto add = [&](Derivation derivation) {
    if (derivation.from_size() == 0) return;
    derivations.emplace(CanonicalRecord(derivation), std::move(derivation));
  };
  for (const packager::DerivationNode& node : facts.nodes) add(OfNode(node));
  for (const packager::Receipt& receipt : facts.receipts) {
    add(OfReceipt(receipt));
  }
  for (auto& [text, derivation] : derivations) {
    *release.add_derivations() = std::move(derivation);
  }
  return release;
}

std::set<std::string> OriginsOf(const registry::Release& release) {
  std::set<std::string> digests(release.depends_on().begin(),
                                release.depends_on().end());
  for (const Derivation& derivation : release.derivations()) {
    digests.insert(derivation.digest());
    digests.insert(derivation.from().begin(), derivation.from().end());
  }
  return digests;
}

namespace {

// The fates of the aliases that point at an artifact of `revoked`, by name.
std::vector<AliasFate> FatesOf(const std::set<std::string>& revoked,
                               const RegistryState& state) {
  std::vector<AliasFate> fates;
  for (const auto& [name, alias] : state.aliases()) {
    if (revoked.count(alias.artifact()) == 0) continue;
    AliasFate fate;
    fate.move.set_alias(name);
    fate.move.set_previous(alias.artifact());
    const registry::Artifact* back = state.Find(alias.previous());
    if (MayComeBack(back, revoked)) {
      fate.move.set_artifact(back->artifact());
      fate.restored_state =
          MovesAlias(back->state()) ? back->state() : "champion";
    } else {
      fate.roll_forward = ProvenLast(revoked, state);
    }
    fates.push_back(std::move(fate));
  }
  return fates;
}

}  // namespace

std::vector<AliasFate> PlanRevocation(const DerivationGraph& graph,
                                      const RegistryState& state,
                                      registry::Entry& entry) {
  const std::set<std::string> affected = graph.Closure(entry.subject());
  std::vector<AliasFate> fates = FatesOf(affected, state);
  std::map<std::string, std::string> states;
  for (const AliasFate& fate : fates) {
    *entry.add_moves() = fate.move;
    if (!fate.restored_state.empty()) {
      states[fate.move.artifact()] = fate.restored_state;
    }
  }
  for (const std::string& digest : affected) {
    entry.add_affected(digest);
    if (state.Find(digest) != nullptr) states[digest] = "revoked";
  }
  for (const auto& [digest, to] : states) {
    const std::string& from = state.Find(digest)->state();
    if (from == to) continue;
    registry::Transition& transition = *entry.add_transitions();
    transition.set_artifact(digest);
    transition.set_from(from);
    transition.set_to(to);
  }
  return fates;
}

}  // namespace pedigree
