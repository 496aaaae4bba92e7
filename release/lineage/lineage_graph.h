// Who descends from whom: assemblies, the packets that release them, and what a
// registry says of those. Specification: docs/formats/registry.md, "Lineage".

#ifndef PEDIGREE_RELEASE_LINEAGE_LINEAGE_GRAPH_H_
#define PEDIGREE_RELEASE_LINEAGE_LINEAGE_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/records.pb.h"
#include "release/lineage/packet_facts.h"
#include "runtime/base/json.h"

namespace pedigree {

// Something known against an assembly, open until the assembly is tested anew.
struct Vulnerability {
  // The digest that was revoked, why, and the ledger entry that says so.
  std::string origin;
  std::string reason;
  uint64_t entry = 0;
};

// One packet of an assembly.
struct LineageRelease {
  PacketFacts facts;
  // What a registry says: empty or 0 without one.
  std::string state;
  std::vector<std::string> aliases;
  std::string added_at;
  std::string changed_at;
  std::string reason;
  // Signed approvals of the decision that its state rests on.
  uint64_t approvals = 0;
};

// One assembly.
struct LineageNode {
  // As its derivation node tells it.
  packager::DerivationNode derivation;
  // Places in LineageGraph::nodes(), in the operator's order and ascending.
  std::vector<size_t> parents;
  std::vector<size_t> children;
  // By packet digest.
  std::vector<LineageRelease> releases;
  std::vector<Vulnerability> vulnerabilities;
  // Receipts of the training of its model or of adapters that it adds.
  std::vector<packager::Receipt> trainings;

  // The assembly digest.
  const std::string& id() const { return derivation.artifact_digest(); }
  // Name and version of its first release; else operator and short digest.
  std::string Label() const;
  // The state of its releases that matters most: one of kStates; "released"
  // without a registry; "ancestor" without a release.
  std::string State() const;
};

// A directed graph without cycles: a node's parents come before it, ties by
// assembly digest, so that equal inputs in any order make equal graphs.
class LineageGraph {
 public:
  const std::vector<LineageNode>& nodes() const { return nodes_; }

 private:
  friend class LineageBuilder;

  std::vector<LineageNode> nodes_;
};

// Collects packets.
class LineageBuilder {
 public:
  // Adds a release with all nodes that its packet holds. A packet that is there
  // already is not added again.
  void Add(LineageRelease release);
  // Says that `assembly` is affected, if it is in the graph.
  void AddVulnerability(const std::string& assembly,
                        Vulnerability vulnerability);

  // Errors: kInvalidArgument when two packets tell an assembly's parents
  // differently in a way that makes a cycle.
  absl::StatusOr<LineageGraph> Build() &&;

 private:
  std::map<std::string, LineageNode> nodes_;
  // Receipts of training, by the digest of what was trained.
  std::map<std::string, packager::Receipt> trainings_;
};

// {"nodes": [..]}: every node with its record, releases, how it was trained, what
// it inherits and what was measured of it anew.
Json LineageToJson(const LineageGraph& graph);

// A tree for people: each root and what was made from it; what stands further
// up already is only named.
std::string LineageToText(const LineageGraph& graph);

// The DOT language of Graphviz.
std::string LineageToDot(const LineageGraph& graph);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_LINEAGE_GRAPH_H_
