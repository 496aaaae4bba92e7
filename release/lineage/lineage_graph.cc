#include "release/lineage/lineage_graph.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "release/printable.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

// The most telling state first.
constexpr std::string_view kByWeight[] = {
    "revoked", "champion",  "specialist", "canary",   "shadow",
    "candidate", "draft", "archived",   "rejected", "released"};

// Scales of terms that speak of data; the others speak of licences.
constexpr std::string_view kDataScales[] = {"confidentiality", "personal_data",
                                            "redistribution", "review"};

std::string Short(std::string_view digest) {
  return std::string(absl::StripPrefix(digest, "sha256:").substr(0, 12));
}

Json RecordToJson(const google::protobuf::Message& record) {
  absl::StatusOr<Json> json = ParseJson(CanonicalRecord(record), "record");
  PEDIGREE_CHECK(json.ok());
  return *std::move(json);
}

Json TermsToJson(const packager::DerivationNode& node, bool data) {
  Json terms = Json::array();
  for (const packager::Term& term : node.terms()) {
    const bool is_data =
        std::find(std::begin(kDataScales), std::end(kDataScales),
                  term.scale()) != std::end(kDataScales);
    if (is_data == data) terms.push_back(RecordToJson(term));
  }
  return terms;
}

// Licences, each with whether a parent already had it.
Json LicensesToJson(const LineageGraph& graph, const LineageNode& node) {
  std::set<std::string> inherited;
  for (size_t parent : node.parents) {
    for (const auto& license : graph.nodes()[parent].derivation.licenses()) {
      inherited.insert(license.digest());
    }
  }
  Json licenses = Json::array();
  for (const auto& license : node.derivation.licenses()) {
    licenses.push_back({{"digest", license.digest()},
                        {"inherited", inherited.count(license.digest()) != 0},
                        {"name", license.name()}});
  }
  return licenses;
}

Json InheritedToJson(const LineageGraph& graph, const LineageNode& node) {
  Json vulnerabilities = Json::array();
  for (const Vulnerability& each : node.vulnerabilities) {
    vulnerabilities.push_back({{"entry", absl::StrCat(each.entry)},
                               {"origin", each.origin},
                               {"reason", each.reason},
                               {"status", "open until retested"}});
  }
  const auto& ids = node.derivation.parent_ids();
  return {{"parent_ids", std::vector<std::string>(ids.begin(), ids.end())},
          {"licenses", LicensesToJson(graph, node)},
          {"licence_terms", TermsToJson(node.derivation, /*data=*/false)},
          {"data_restrictions", TermsToJson(node.derivation, /*data=*/true)},
          {"vulnerabilities", std::move(vulnerabilities)}};
}

// What was found out about one packet, and never comes from a parent.
Json RecomputedToJson(const LineageRelease& release) {
  Json scores = Json::array();
  for (const auto& suite : release.facts.decision.suites()) {
    scores.push_back(RecordToJson(suite));
  }
  Json resources = Json::array();
  for (const std::string& id : release.facts.release_node.resource_ids()) {
    resources.push_back(id);
  }
  Json runtimes = Json::array();
  for (const auto& runtime : release.facts.record.runtimes()) {
    runtimes.push_back(RecordToJson(runtime));
  }
  return {{"scores", std::move(scores)},
          {"safety_approvals", absl::StrCat(release.approvals)},
          {"calibration_scorecard", release.facts.record.scorecard_digest()},
          {"resource_use", std::move(resources)},
          {"runtimes", std::move(runtimes)}};
}

Json ReleaseToJson(const LineageRelease& release) {
  const release::ReleaseRecord& record = release.facts.record;
  return {{"packet", release.facts.digest.ToString()},
          {"name", record.name()},
          {"version", record.version()},
          {"claim_level", record.claim_level()},
          {"verdict", release.facts.decision.verdict()},
          {"action", release.facts.decision.action()},
          {"rollback_target", record.rollback_target()},
          {"state", release.state},
          {"aliases", release.aliases},
          {"added_at", release.added_at},
          {"changed_at", release.changed_at},
          {"reason", release.reason},
          {"recomputed", RecomputedToJson(release)},
          {"record", RecordToJson(record)}};
}

// Digests of the model or the adapters that came in with this node.
std::vector<std::string> MadeBy(const packager::DerivationNode& node) {
  if (node.operator_() == "train") return {node.model_digest()};
  std::vector<std::string> digests(node.adapter_digests().begin(),
                                   node.adapter_digests().end());
  digests.insert(digests.end(), node.fused_adapter_digests().begin(),
                 node.fused_adapter_digests().end());
  return digests;
}

// One training, with its loss curve.
Json TrainingToJson(const packager::Receipt& receipt) {
  return {{"artifact", receipt.output().digest()},
          {"config", RecordToJson(receipt.config().training())},
          {"operator", receipt.operator_()},
          {"training", RecordToJson(receipt.training())}};
}

Json IdsToJson(const LineageGraph& graph, const std::vector<size_t>& places) {
  Json ids = Json::array();
  for (size_t place : places) ids.push_back(graph.nodes()[place].id());
  return ids;
}

Json NodeToJson(const LineageGraph& graph, const LineageNode& node) {
  Json releases = Json::array();
  for (const LineageRelease& release : node.releases) {
    releases.push_back(ReleaseToJson(release));
  }
  Json trainings = Json::array();
  for (const packager::Receipt& receipt : node.trainings) {
    trainings.push_back(TrainingToJson(receipt));
  }
  return {{"id", node.id()},
          {"label", node.Label()},
          {"state", node.State()},
          {"operator", node.derivation.operator_()},
          {"parents", IdsToJson(graph, node.parents)},
          {"children", IdsToJson(graph, node.children)},
          {"inherited", InheritedToJson(graph, node)},
          {"releases", std::move(releases)},
          {"trainings", std::move(trainings)},
          {"derivation", RecordToJson(node.derivation)}};
}

// Writes a tree, each node in full where it comes first.
class TextTree {
 public:
  explicit TextTree(const LineageGraph& graph) : graph_(graph) {}

  std::string Write() {
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      if (graph_.nodes()[i].parents.empty()) WriteFrom(i);
    }
    return std::move(text_);
  }

 private:
  struct Open {
    size_t node;
    std::string indent;
    bool last;
    bool root;
  };

  // By a stack of its own: a chain may be longer than the program's.
  void WriteFrom(size_t root) {
    std::vector<Open> open = {{root, "", true, true}};
    while (!open.empty()) {
      const Open now = std::move(open.back());
      open.pop_back();
      const bool again = !seen_.insert(now.node).second;
      WriteLine(now, again);
      if (again) continue;
      const std::string indent =
          now.root ? "" : absl::StrCat(now.indent, now.last ? "   " : "│  ");
      const std::vector<size_t>& children = graph_.nodes()[now.node].children;
      for (size_t i = children.size(); i-- > 0;) {
        open.push_back(
            {children[i], indent, i + 1 == children.size(), false});
      }
    }
  }

  void WriteLine(const Open& open, bool again) {
    const LineageNode& node = graph_.nodes()[open.node];
    absl::StrAppend(&text_, open.indent,
                    open.root ? "" : (open.last ? "└─ " : "├─ "), node.Label(),
                    " [", node.State(), "] ");
    if (again) {
      absl::StrAppend(&text_, "(above)\n");
      return;
    }
    absl::StrAppend(&text_, node.derivation.operator_(), " ", node.id());
    for (const LineageRelease& release : node.releases) {
      absl::StrAppend(&text_, ", packet ",
                      Short(release.facts.digest.ToString()), " ",
                      release.facts.decision.verdict());
      if (!release.aliases.empty()) {
        absl::StrAppend(&text_, " alias ",
                        absl::StrJoin(release.aliases, ","));
      }
    }
    if (node.parents.size() > 1) {
      std::vector<std::string> labels;
      for (size_t parent : node.parents) {
        labels.push_back(graph_.nodes()[parent].Label());
      }
      absl::StrAppend(&text_, ", from ", absl::StrJoin(labels, " + "));
    }
    absl::StrAppend(&text_, "\n");
  }

  const LineageGraph& graph_;
  std::set<size_t> seen_;
  std::string text_;
};

std::string DotQuoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  return quoted + "\"";
}

struct DotStyle {
  std::string_view state;
  std::string_view shape;
  std::string_view color;
};

// As on the page: a state has a colour and a shape.
constexpr DotStyle kDotStyles[] = {
    {"champion", "doubleoctagon", "#1a7f37"}, {"specialist", "diamond", "#0969da"},
    {"canary", "triangle", "#9a6700"},        {"shadow", "ellipse", "#6e5494"},
    {"candidate", "circle", "#57606a"},       {"draft", "note", "#8c959f"},
    {"archived", "box3d", "#8c959f"},         {"rejected", "cds", "#bc4c00"},
    {"revoked", "octagon", "#cf222e"},        {"released", "box", "#0969da"},
    {"ancestor", "plain", "#57606a"},
};

const DotStyle& StyleOf(std::string_view state) {
  for (const DotStyle& style : kDotStyles) {
    if (style.state == state) return style;
  }
  return kDotStyles[std::size(kDotStyles) - 1];
}

}  // namespace

std::string LineageNode::Label() const {
  if (releases.empty()) {
    return Printable(absl::StrCat(derivation.operator_(), " ", Short(id())), 120);
  }
  const release::ReleaseRecord& record = releases[0].facts.record;
  return Printable(absl::StrCat(record.name(), " ", record.version()), 120);
}

std::string LineageNode::State() const {
  for (std::string_view state : kByWeight) {
    for (const LineageRelease& release : releases) {
      if ((release.state.empty() ? "released" : release.state) == state) {
        return std::string(state);
      }
    }
  }
  return vulnerabilities.empty() ? "ancestor" : "revoked";
}

void LineageBuilder::Add(LineageRelease release) {
  for (const packager::DerivationNode& node : release.facts.nodes) {
    packager::DerivationNode& known = nodes_[node.artifact_digest()].derivation;
    // One assembly may come about in two ways; the choice must not depend on
    // which packet comes first.
    if (known.id().empty() || node.id() < known.id()) known = node;
  }
  for (const packager::Receipt& receipt : release.facts.receipts) {
    if (!receipt.has_training()) continue;
    packager::Receipt& known = trainings_[receipt.output().digest()];
    if (known.schema_version().empty() ||
        CanonicalRecord(receipt) < CanonicalRecord(known)) {
      known = receipt;
    }
  }
  LineageNode& own = nodes_[release.facts.record.assembly_digest()];
  const auto place = std::lower_bound(
      own.releases.begin(), own.releases.end(), release.facts.digest,
      [](const LineageRelease& each, const Digest& digest) {
        return each.facts.digest < digest;
      });
  if (place != own.releases.end() &&
      place->facts.digest == release.facts.digest) {
    return;
  }
  own.releases.insert(place, std::move(release));
}

void LineageBuilder::AddVulnerability(const std::string& assembly,
                                      Vulnerability vulnerability) {
  const auto node = nodes_.find(assembly);
  if (node == nodes_.end()) return;
  node->second.vulnerabilities.push_back(std::move(vulnerability));
}

absl::StatusOr<LineageGraph> LineageBuilder::Build() && {
  // Kahn's algorithm; ready nodes by assembly digest.
  std::map<std::string, std::set<std::string>> waiting;
  std::map<std::string, std::vector<std::string>> children;
  std::set<std::string> ready;
  for (const auto& [id, node] : nodes_) {
    std::set<std::string>& parents = waiting[id];
    for (const std::string& parent : node.derivation.parent_digests()) {
      if (nodes_.count(parent) != 0 && parents.insert(parent).second) {
        children[parent].push_back(id);
      }
    }
    if (parents.empty()) ready.insert(id);
  }
  LineageGraph graph;
  std::map<std::string, size_t> places;
  while (!ready.empty()) {
    const std::string id = *ready.begin();
    ready.erase(ready.begin());
    places[id] = graph.nodes_.size();
    LineageNode node = std::move(nodes_[id]);
    for (const std::string& parent : node.derivation.parent_digests()) {
      const auto place = places.find(parent);
      if (place == places.end()) continue;
      if (std::find(node.parents.begin(), node.parents.end(), place->second) !=
          node.parents.end()) {
        continue;
      }
      node.parents.push_back(place->second);
      graph.nodes_[place->second].children.push_back(graph.nodes_.size());
    }
    for (const std::string& digest : MadeBy(node.derivation)) {
      const auto training = trainings_.find(digest);
      if (training == trainings_.end()) continue;
      node.trainings.push_back(training->second);
    }
    graph.nodes_.push_back(std::move(node));
    for (const std::string& child : children[id]) {
      waiting[child].erase(id);
      if (waiting[child].empty()) ready.insert(child);
    }
  }
  if (graph.nodes_.size() != nodes_.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid lineage: ", nodes_.size() - graph.nodes_.size(),
        " assemblies are their own ancestors"));
  }
  return graph;
}

Json LineageToJson(const LineageGraph& graph) {
  Json nodes = Json::array();
  for (const LineageNode& node : graph.nodes()) {
    nodes.push_back(NodeToJson(graph, node));
  }
  return {{"schema_version", "pedigree.lineage.v1"},
          {"nodes", std::move(nodes)}};
}

std::string LineageToText(const LineageGraph& graph) {
  return TextTree(graph).Write();
}

std::string LineageToDot(const LineageGraph& graph) {
  std::string dot =
      "digraph lineage {\n  rankdir=TB;\n  node [fontname=\"sans-serif\"];\n";
  for (const LineageNode& node : graph.nodes()) {
    const DotStyle& style = StyleOf(node.State());
    absl::StrAppend(&dot, "  ", DotQuoted(node.id()), " [label=",
                    DotQuoted(absl::StrCat(node.Label(), " (", node.State(),
                                           ")")),
                    ", shape=", style.shape, ", color=\"", style.color,
                    "\"];\n");
  }
  for (const LineageNode& node : graph.nodes()) {
    for (size_t parent : node.parents) {
      absl::StrAppend(&dot, "  ", DotQuoted(graph.nodes()[parent].id()), " -> ",
                      DotQuoted(node.id()), " [label=",
                      DotQuoted(node.derivation.operator_()), "];\n");
    }
  }
  absl::StrAppend(&dot, "}\n");
  return dot;
}

}  // namespace pedigree
