#include "release/cross_links.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "evaluator/gate.h"
#include "evaluator/report.h"
#include "evaluator/scorecard.h"
#include "packager/terms/terms.h"
#include "release/bom/linked_libraries.h"
#include "release/json_difference.h"
#include "release/node_id.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

using evaluator::Sidecar;
using packager::AdapterManifest;
using packager::DerivationNode;
using packager::ModelManifest;
using packager::Receipt;

std::string Text(const HashedBlob& blob) { return blob.digest.ToString(); }

// The digests of `blobs` in order.
std::vector<std::string> Texts(const std::vector<HashedBlob>& blobs) {
  std::vector<std::string> texts;
  for (const HashedBlob& blob : blobs) texts.push_back(Text(blob));
  return texts;
}

std::vector<std::string> Texts(const std::vector<SidecarBlob>& sidecars) {
  std::vector<std::string> texts;
  for (const auto& sidecar : sidecars) texts.push_back(Text(sidecar.blob));
  return texts;
}

template <typename Strings>
std::vector<std::string> ToVector(const Strings& strings) {
  return {strings.begin(), strings.end()};
}

class CrossLinks {
 public:
  explicit CrossLinks(const PacketContents& contents)
      : contents_(contents),
        assembly_digest_(AssemblyOf(contents)) {}

  std::vector<std::string> Check() {
    CheckModel();
    CheckAdapters();
    CheckReceipts();
    CheckNode();
    CheckLineage();
    CheckSuites();
    CheckEvidence();
    CheckScorecard();
    CheckDecision();
    CheckRuntimes();
    CheckLicenses();
    CheckTerms();
    for (std::string& fault : CheckLinkedLibraries(contents_)) {
      Fault(std::move(fault));
    }
    CheckFacts();
    return std::move(faults_);
  }

 private:
  static std::string AssemblyOf(const PacketContents& contents) {
    std::vector<Digest> adapters;
    for (const HashedBlob& blob : contents.adapters) {
      adapters.push_back(blob.digest);
    }
    return AssemblyDigest(contents.model.digest, adapters).ToString();
  }

  void Fault(std::string fault) { faults_.push_back(std::move(fault)); }

  // Every comparison below ends here: one form, both values.
  void Expect(std::string_view what, std::string_view field,
              std::string_view found, std::string_view expected) {
    if (found == expected) return;
    Fault(absl::StrCat("Invalid ", what, ": ", field, " is ",
                       found.empty() ? "empty" : found, " (expected ",
                       expected.empty() ? "empty" : expected, ")"));
  }

  void Expect(std::string_view what, std::string_view field, uint64_t found,
              uint64_t expected) {
    Expect(what, field, absl::StrCat(found), absl::StrCat(expected));
  }

  void ExpectList(std::string_view what, std::string_view field,
                  const std::vector<std::string>& found,
                  const std::vector<std::string>& expected) {
    const size_t shared = std::min(found.size(), expected.size());
    for (size_t i = 0; i < shared; ++i) {
      Expect(what, absl::StrCat(field, "[", i, "]"), found[i], expected[i]);
    }
    if (found.size() != expected.size()) {
      Fault(absl::StrCat("Invalid ", what, ": ", field, " has ", found.size(),
                         " entries (expected ", expected.size(), ")"));
    }
  }

  void CheckModel() {
    constexpr char kWhat[] = "model manifest";
    const ModelManifest& manifest = contents_.model_manifest.record;
    Expect(kWhat, "model_digest", manifest.model_digest(),
           Text(contents_.model));
    Expect(kWhat, "file_bytes", manifest.file_bytes(), contents_.model.size);
    Expect(kWhat, "assembly_digest", manifest.assembly_digest(),
           assembly_digest_);
    std::vector<std::string> digests;
    for (const auto& adapter : manifest.adapters()) {
      digests.push_back(adapter.digest());
    }
    ExpectList(kWhat, "adapters", digests, Texts(contents_.adapters));
    const std::set<std::string> distinct(digests.begin(), digests.end());
    if (distinct.size() != digests.size()) {
      Fault("Invalid model manifest: an adapter is there twice");
    }
  }

  // Adapter manifests stand in the order in which adapters made the model: those
  // folded into it here or in an ancestor, then those applied at run time.
  void CheckAdapters() {
    const auto& manifests = contents_.adapter_manifests;
    const size_t applied = contents_.adapters.size();
    if (manifests.size() < applied) {
      return Fault(absl::StrCat("Invalid packet: ", manifests.size(),
                                " adapter manifests (expected at least ",
                                applied, ")"));
    }
    const size_t folded = manifests.size() - applied;
    std::set<std::string> missing = FoldedHere();
    const std::set<std::string> anywhere = FoldedAnywhere();
    for (size_t i = 0; i < folded; ++i) {
      const std::string& digest = manifests[i].record.adapter_digest();
      missing.erase(digest);
      if (anywhere.count(digest) == 0) {
        Fault(absl::StrCat("Invalid adapter manifest ", i, ": adapter ", digest,
                           " made no part of this release"));
      }
    }
    for (const std::string& digest : missing) {
      Fault(absl::StrCat("Invalid packet: the manifest of adapter ", digest,
                         " is missing"));
    }
    for (size_t i = 0; i < applied; ++i) {
      CheckAppliedAdapter(i, manifests[folded + i]);
    }
  }

  std::set<std::string> FoldedHere() const {
    const auto& digests = contents_.node.record.fused_adapter_digests();
    return {digests.begin(), digests.end()};
  }

  std::set<std::string> FoldedAnywhere() const {
    std::set<std::string> digests = FoldedHere();
    for (const auto& ancestor : contents_.ancestors) {
      digests.insert(ancestor.record.fused_adapter_digests().begin(),
                     ancestor.record.fused_adapter_digests().end());
    }
    return digests;
  }

  void CheckAppliedAdapter(size_t index,
                           const Parsed<AdapterManifest>& manifest) {
    const std::string what =
        absl::StrCat("manifest of applied adapter ", index);
    Expect(what, "adapter_digest", manifest.record.adapter_digest(),
           Text(contents_.adapters[index]));
    Expect(what, "file_bytes", manifest.record.file_bytes(),
           contents_.adapters[index].size);
    Expect(what, "parent.model_digest", manifest.record.parent().model_digest(),
           Text(contents_.model));
    const auto& references = contents_.model_manifest.record.adapters();
    if (index < static_cast<size_t>(references.size())) {
      Expect("model manifest",
             absl::StrCat("adapters[", index, "].manifest_digest"),
             references[static_cast<int>(index)].manifest_digest(),
             Text(manifest.blob));
    }
  }

  // Digests of all models, adapters and assemblies of the lineage.
  std::set<std::string> LineageDigests() const {
    std::set<std::string> digests;
    const auto add = [&digests](const DerivationNode& node) {
      digests.insert({node.artifact_digest(), node.model_digest()});
      digests.insert(node.adapter_digests().begin(),
                     node.adapter_digests().end());
      digests.insert(node.fused_adapter_digests().begin(),
                     node.fused_adapter_digests().end());
    };
    add(contents_.node.record);
    for (const auto& ancestor : contents_.ancestors) add(ancestor.record);
    return digests;
  }

  // The first receipt is that of the operator that made the release, the others
  // those of what it was made from.
  void CheckReceipts() {
    if (contents_.receipts.empty()) {
      return Fault("Invalid packet: no operator receipt");
    }
    const std::set<std::string> lineage = LineageDigests();
    for (size_t i = 0; i < contents_.receipts.size(); ++i) {
      const Receipt& receipt = contents_.receipts[i].record;
      Expect(absl::StrCat("receipt ", i), "config_digest",
             receipt.config_digest(),
             Sha256(CanonicalRecord(receipt.config())).ToString());
      if (lineage.count(receipt.output().digest()) == 0) {
        Fault(absl::StrCat("Invalid receipt ", i, ": output.digest is ",
                           receipt.output().digest(),
                           " (expected an artifact of the lineage)"));
      }
    }
    const Receipt& receipt = contents_.receipts[0].record;
    const DerivationNode& node = contents_.node.record;
    Expect("receipt 0", "output.digest", receipt.output().digest(),
           receipt.output().role() == "assembly" ? assembly_digest_
                                                 : Text(contents_.model));
    Expect("derivation node", "operator", node.operator_(),
           receipt.operator_());
    Expect("derivation node", "operator_version", node.operator_version(),
           receipt.operator_version());
    Expect("derivation node", "config_digest", node.config_digest(),
           receipt.config_digest());
  }

  void CheckNode() {
    constexpr char kWhat[] = "derivation node";
    const DerivationNode& node = contents_.node.record;
    const ModelManifest& manifest = contents_.model_manifest.record;
    Expect(kWhat, "model_digest", node.model_digest(), Text(contents_.model));
    ExpectList(kWhat, "adapter_digests", ToVector(node.adapter_digests()),
               Texts(contents_.adapters));
    Expect(kWhat, "quantization", node.quantization(),
           manifest.quantization());
    Expect(kWhat, "tokenizer_checksum", node.tokenizer_checksum(),
           manifest.tokenizer().checksum());
    CheckNodeItself(kWhat, node);
    for (size_t i = 0; i < contents_.ancestors.size(); ++i) {
      CheckNodeItself(absl::StrCat("ancestor node ", i),
                      contents_.ancestors[i].record);
    }
  }

  // What follows from a node's other fields.
  void CheckNodeItself(const std::string& what, const DerivationNode& node) {
    Expect(what, "id", node.id(), NodeId(node));
    absl::StatusOr<Digest> model = ParseDigest(node.model_digest());
    std::vector<Digest> adapters;
    bool readable = model.ok();
    for (const std::string& text : node.adapter_digests()) {
      absl::StatusOr<Digest> adapter = ParseDigest(text);
      readable = readable && adapter.ok();
      if (adapter.ok()) adapters.push_back(*adapter);
    }
    if (!readable) {
      return Fault(absl::StrCat(
          "Invalid ", what, ": model_digest or adapter_digests is no digest"));
    }
    Expect(what, "artifact_digest", node.artifact_digest(),
           AssemblyDigest(*model, adapters).ToString());
  }

  // Every parent is there, nothing else is, and digests and ids agree.
  void CheckLineage() {
    std::map<std::string, const DerivationNode*> ancestors;
    for (const auto& ancestor : contents_.ancestors) {
      const bool added =
          ancestors.emplace(ancestor.record.id(), &ancestor.record).second;
      if (!added) {
        Fault(absl::StrCat("Invalid lineage: ancestor ", ancestor.record.id(),
                           " is there twice"));
      }
    }
    std::set<std::string> reached;
    std::vector<const DerivationNode*> open = {&contents_.node.record};
    while (!open.empty()) {
      const DerivationNode& node = *open.back();
      open.pop_back();
      CheckParents(node, ancestors, reached, open);
    }
    for (const auto& [id, unused] : ancestors) {
      if (reached.count(id) == 0) {
        Fault(absl::StrCat("Invalid lineage: node ", id,
                           " is no ancestor of this release"));
      }
    }
  }

  void CheckParents(
      const DerivationNode& node,
      const std::map<std::string, const DerivationNode*>& ancestors,
      std::set<std::string>& reached,
      std::vector<const DerivationNode*>& open) {
    const std::string what = absl::StrCat("derivation node ", node.id());
    Expect(what, "number of parent_digests",
           static_cast<uint64_t>(node.parent_digests_size()),
           static_cast<uint64_t>(node.parent_ids_size()));
    for (int i = 0; i < node.parent_ids_size(); ++i) {
      const auto parent = ancestors.find(node.parent_ids(i));
      if (parent == ancestors.end()) {
        Fault(absl::StrCat("Invalid lineage: parent ", node.parent_ids(i),
                           " of ", node.id(), " is missing"));
        continue;
      }
      if (i < node.parent_digests_size()) {
        Expect(what, absl::StrCat("parent_digests[", i, "]"),
               node.parent_digests(i), parent->second->artifact_digest());
      }
      if (reached.insert(parent->first).second) {
        open.push_back(parent->second);
      }
    }
  }

  void CheckSuites() {
    if (contents_.suites.empty()) Fault("Invalid packet: no suite");
    std::set<std::string> digests;
    for (const auto& suite : contents_.suites) {
      if (!digests.insert(Text(suite.blob)).second) {
        Fault(absl::StrCat("Invalid packet: suite ", Text(suite.blob),
                           " is there twice"));
      }
    }
  }

  // Sidecars stand in the order of the suites. That their cases are those of
  // the suite is the gate's to say: CheckDecision asks it again.
  void CheckEvidence() {
    const size_t count = contents_.suites.size();
    Expect("packet", "number of sidecars", contents_.sidecars.size(), count);
    for (size_t i = 0; i < contents_.sidecars.size() && i < count; ++i) {
      const std::string what = absl::StrCat("sidecar ", i);
      const Sidecar& sidecar = contents_.sidecars[i].evidence.record;
      CheckSuiteOf(what, sidecar, contents_.suites[i]);
      CheckSubject(what, sidecar);
    }
    for (size_t i = 0; i < contents_.baselines.size(); ++i) {
      CheckBaseline(absl::StrCat("baseline ", i),
                    contents_.baselines[i].evidence.record);
    }
    CheckDiagnostics();
  }

  void CheckSuiteOf(const std::string& what, const Sidecar& sidecar,
                    const Parsed<Suite>& suite) {
    Expect(what, "suite.digest", sidecar.suite().digest(), Text(suite.blob));
    Expect(what, "suite.name", sidecar.suite().name(), suite.record.name);
    Expect(what, "suite.version", sidecar.suite().version(),
           suite.record.version);
    Expect(what, "numerics_version", sidecar.numerics_version(),
           contents_.sidecars[0].evidence.record.numerics_version());
  }

  void CheckSubject(const std::string& what, const Sidecar& sidecar) {
    Expect(what, "assembly_digest", sidecar.assembly_digest(),
           assembly_digest_);
    Expect(what, "model_digest", sidecar.model_digest(),
           Text(contents_.model));
    ExpectList(what, "adapter_digests", ToVector(sidecar.adapter_digests()),
               Texts(contents_.adapters));
    Expect(what, "manifest_digest", sidecar.manifest_digest(),
           Text(contents_.model_manifest.blob));
  }

  void CheckBaseline(const std::string& what, const Sidecar& baseline) {
    for (const auto& suite : contents_.suites) {
      if (Text(suite.blob) == baseline.suite().digest()) {
        return CheckSuiteOf(what, baseline, suite);
      }
    }
    Fault(absl::StrCat("Invalid ", what, ": suite ", baseline.suite().digest(),
                       " is not in the packet"));
  }

  // The diagnostics are the counted values of the sidecars, each once.
  void CheckDiagnostics() {
    std::set<std::string> counted;
    for (const auto& sidecar : contents_.sidecars) {
      counted.insert(CountedDigest(sidecar.evidence));
    }
    for (size_t i = 0; i < contents_.diagnostics.size(); ++i) {
      const std::string digest = Text(contents_.diagnostics[i].blob);
      if (counted.erase(digest) == 0) {
        Fault(absl::StrCat("Invalid diagnostics ", i, ": ", digest,
                           " is not what a sidecar counted"));
      }
    }
    for (const std::string& digest : counted) {
      Fault(absl::StrCat("Invalid packet: the counted diagnostics ", digest,
                         " of a sidecar are missing"));
    }
  }

  // The card is that of the packet's evidence, all of it, and inherits nothing.
  void CheckScorecard() {
    if (!contents_.scorecard.has_value() || !faults_.empty()) return;
    const evaluator::Scorecard& scorecard = contents_.scorecard->record;
    std::map<std::string, std::string> notes;
    for (const evaluator::Note& note : scorecard.notes()) {
      notes.emplace(note.topic(), note.text());
    }
    const absl::StatusOr<evaluator::Scorecard> expected =
        MakeScorecard(EvidenceOf(contents_.sidecars), notes);
    if (!expected.ok()) return Fault(std::string(expected.status().message()));
    for (const std::string& difference :
         DescribeRecordDifferences(scorecard, *expected)) {
      Fault(absl::StrCat("Invalid scorecard: ", difference));
    }
  }

  // The decision must promote, and be the one that policy, suites and evidence
  // of the packet lead to.
  void CheckDecision() {
    constexpr char kWhat[] = "decision";
    const evaluator::Decision& decision = contents_.decision.record;
    Expect(kWhat, "subject.assembly_digest",
           decision.subject().assembly_digest(), assembly_digest_);
    Expect(kWhat, "policy.digest", decision.policy().digest(),
           Text(contents_.policy.blob));
    ExpectList(kWhat, "sidecars", DigestsOf(decision.sidecars()),
               Texts(contents_.sidecars));
    ExpectList(kWhat, "baselines", DigestsOf(decision.baselines()),
               Texts(contents_.baselines));
    if (decision.verdict() != kPass || decision.action() != "promote") {
      return Refuse(decision);
    }
    // They are one machine's, so nobody could decide again.
    for (const auto& observation : decision.observations()) {
      Fault(absl::StrCat("Invalid decision: it rests on an observation of ",
                         "machine \"", observation.machine(),
                         "\", which no packet holds (expected a policy "
                         "without observation_caps)"));
    }
    if (faults_.empty()) DecideAgain();
  }

  void Refuse(const evaluator::Decision& decision) {
    Fault(absl::StrCat("Refused by the gate: verdict is ", decision.verdict(),
                       ", action is ", decision.action(),
                       " (expected PASS, promote)"));
    const std::string report =
        DecisionReport(decision, EvidenceOf(contents_.sidecars),
                       EvidenceOf(contents_.baselines));
    for (std::string_view line : absl::StrSplit(report, '\n')) {
      if (!line.empty()) Fault(absl::StrCat("  ", line));
    }
  }

  void DecideAgain() {
    GateInput input;
    input.policy = contents_.policy.record;
    input.sidecars = EvidenceOf(contents_.sidecars);
    input.baselines = EvidenceOf(contents_.baselines);
    for (const auto& suite : contents_.suites) {
      input.suites.push_back(suite.record);
    }
    input.manifest_digest = Text(contents_.model_manifest.blob);
    const absl::StatusOr<evaluator::Decision> expected = Decide(input);
    if (!expected.ok()) return Fault(std::string(expected.status().message()));
    for (const std::string& difference :
         DescribeRecordDifferences(contents_.decision.record, *expected)) {
      Fault(absl::StrCat("Invalid decision: ", difference));
    }
  }

  static std::vector<Evidence> EvidenceOf(
      const std::vector<SidecarBlob>& sidecars) {
    std::vector<Evidence> list;
    for (const SidecarBlob& sidecar : sidecars) {
      list.push_back(sidecar.evidence);
    }
    return list;
  }

  template <typename References>
  static std::vector<std::string> DigestsOf(const References& references) {
    std::vector<std::string> digests;
    for (const evaluator::EvidenceReference& reference : references) {
      digests.push_back(reference.digest());
    }
    return digests;
  }

  void CheckRuntimes() {
    std::set<std::string> targets;
    for (const RuntimeBlob& runtime : contents_.runtimes) {
      const bool known = std::any_of(
          std::begin(kRuntimeTargets), std::end(kRuntimeTargets),
          [&](const RuntimeTarget& t) { return t.target == runtime.target; });
      if (!known) {
        Fault(absl::StrCat("Invalid runtime: unknown target \"",
                           runtime.target, "\""));
      }
      if (!targets.insert(runtime.target).second) {
        Fault(absl::StrCat("Invalid runtime: target ", runtime.target,
                           " is there twice"));
      }
    }
  }

  // The texts of all licences that bind the release are there.
  void CheckLicenses() {
    std::set<std::string> texts;
    for (const LicenseBlob& license : contents_.licenses) {
      texts.insert(Text(license.blob));
    }
    CheckLicensesOf(contents_.node.record, texts);
    for (const auto& ancestor : contents_.ancestors) {
      CheckLicensesOf(ancestor.record, texts);
    }
  }

  // Each node's terms are no weaker than those of its licences and parents.
  void CheckTerms() {
    std::map<std::string, Terms> terms_by_id;
    const auto read = [&](const DerivationNode& node) {
      const absl::StatusOr<Terms> terms = Terms::FromRecord(node.terms());
      if (terms.ok()) {
        terms_by_id[node.id()] = *terms;
      } else {
        Fault(absl::StrCat("Invalid derivation node ", node.id(), ": ",
                           terms.status().message()));
      }
    };
    read(contents_.node.record);
    for (const auto& ancestor : contents_.ancestors) read(ancestor.record);
    CheckTermsOf(contents_.node.record, terms_by_id);
    for (const auto& ancestor : contents_.ancestors) {
      CheckTermsOf(ancestor.record, terms_by_id);
    }
  }

  void CheckTermsOf(const DerivationNode& node,
                    const std::map<std::string, Terms>& terms_by_id) {
    const auto own = terms_by_id.find(node.id());
    if (own == terms_by_id.end()) return;
    Terms least;
    for (const packager::License& license : node.licenses()) {
      least.Tighten(Terms::OfLicense(license.name()));
    }
    for (const std::string& parent : node.parent_ids()) {
      const auto inherited = terms_by_id.find(parent);
      if (inherited != terms_by_id.end()) least.Tighten(inherited->second);
    }
    const std::string weaker = own->second.WeakerThan(least);
    if (!weaker.empty()) {
      Fault(absl::StrCat("Invalid derivation node ", node.id(), ": ", weaker));
    }
  }

  void CheckLicensesOf(const DerivationNode& node,
                       const std::set<std::string>& texts) {
    for (const packager::License& license : node.licenses()) {
      if (texts.count(license.digest()) == 0) {
        Fault(absl::StrCat("Invalid packet: the text of licence ",
                           license.name(), " (", license.digest(),
                           ") is missing, which node ", node.id(), " names"));
      }
    }
  }

  // What follows from no blob can at least be well-formed.
  void CheckFacts() {
    if (!contents_.inputs_digest.empty()) {
      CheckIsDigest("inputs_digest", contents_.inputs_digest);
    }
    for (const auto& ancestor : contents_.ancestors) {
      CheckIsDigest(absl::StrCat("model_digest of node ", ancestor.record.id()),
                    ancestor.record.model_digest());
    }
    for (const release::ToolchainPin& pin : contents_.toolchain_pins) {
      CheckIsDigest(absl::StrCat("toolchain pin ", pin.name()),
                    pin.tree_digest());
    }
  }

  void CheckIsDigest(std::string_view what, const std::string& text) {
    const absl::Status status = ParseDigest(text).status();
    if (!status.ok()) {
      Fault(absl::StrCat("Invalid packet: ", what, ": ", status.message()));
    }
  }

  const PacketContents& contents_;
  const std::string assembly_digest_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CheckCrossLinks(const PacketContents& contents) {
  return CrossLinks(contents).Check();
}

std::string CountedDigest(const Evidence& sidecar) {
  return Sha256(CanonicalJson(sidecar.counted)).ToString();
}

}  // namespace pedigree
