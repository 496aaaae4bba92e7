#include "release/packet_builder.h"

#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "release/bom/bom.h"
#include "release/cross_links.h"
#include "release/node_id.h"
#include "release/oci.h"
#include "release/records.pb.h"
#include "release/statements/claim_kind.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

using release::ReleaseNode;
using release::ReleaseRecord;

std::string Text(const HashedBlob& blob) { return blob.digest.ToString(); }

HashedBlob BlobOf(std::string_view text) {
  return {Sha256(text), static_cast<uint64_t>(text.size())};
}

// Lists layers: each digest once, each file name once.
class LayerList {
 public:
  // A layer whose kind a packet has once.
  void Add(LayerKind kind, const HashedBlob& blob) {
    AddNamed(kind, blob, std::string(LayerFilePathPrefix(kind)));
  }

  // "<folder>/<stem><extension>", or "<stem>-2<extension>" and so on where that
  // is taken.
  void Add(LayerKind kind, const HashedBlob& blob, std::string_view stem,
           std::string_view extension) {
    if (digests_.count(blob.digest) != 0) return;
    const std::string_view folder = LayerFilePathPrefix(kind);
    std::string path = absl::StrCat(folder, stem, extension);
    for (int i = 2; paths_.count(path) != 0; ++i) {
      path = absl::StrCat(folder, stem, "-", i, extension);
    }
    AddNamed(kind, blob, std::move(path));
  }

  std::vector<Layer> TakeLayers() { return std::move(layers_); }

  absl::Status Check() const {
    for (const Layer& layer : layers_) {
      if (IsSafeFilePath(layer.file_path) &&
          LayerKindOfFilePath(layer.file_path) == layer.kind) {
        continue;
      }
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid packet: \"", layer.file_path.substr(0, 300),
                       "\" is no safe file name for layer ",
                       layer.digest.ToString()));
    }
    return absl::OkStatus();
  }

 private:
  void AddNamed(LayerKind kind, const HashedBlob& blob, std::string path) {
    if (!digests_.insert(blob.digest).second) return;
    paths_.insert(path);
    layers_.push_back({kind, std::move(path), blob.digest, blob.size});
  }

  std::vector<Layer> layers_;
  std::set<Digest> digests_;
  std::set<std::string> paths_;
};

// The name that a derivation node gives to a licence text, else the one that
// came with it.
std::string LicenseName(const PacketContents& contents,
                        const LicenseBlob& license) {
  const std::string digest = Text(license.blob);
  const auto name_in = [&](const packager::DerivationNode& node) {
    for (const packager::License& named : node.licenses()) {
      if (named.digest() == digest) return named.name();
    }
    return std::string();
  };
  std::string name = name_in(contents.node.record);
  for (const auto& ancestor : contents.ancestors) {
    if (name.empty()) name = name_in(ancestor.record);
  }
  return name.empty() ? license.name : name;
}

ReleaseNode MakeReleaseNode(const PacketContents& contents) {
  ReleaseNode node;
  node.set_schema_version("pedigree.release_node.v1");
  node.set_artifact_digest(contents.node.record.artifact_digest());
  node.set_derivation_id(contents.node.record.id());
  for (const auto& suite : contents.suites) {
    node.add_suite_ids(Text(suite.blob));
  }
  for (const auto& sidecar : contents.sidecars) {
    node.add_evidence_ids(Text(sidecar.blob));
  }
  node.add_evidence_ids(Text(contents.decision.blob));
  for (const auto& diagnostics : contents.diagnostics) {
    node.add_resource_ids(Text(diagnostics.blob));
  }
  node.set_id(NodeId(node));
  return node;
}

// The first parent whose evidence in this packet passed everywhere.
std::string RollbackTarget(const PacketContents& contents) {
  for (const std::string& parent : contents.node.record.parent_digests()) {
    bool seen = false;
    bool passed = true;
    for (const auto& baseline : contents.baselines) {
      if (baseline.evidence.record.assembly_digest() != parent) continue;
      seen = true;
      passed = passed && baseline.evidence.record.passed();
    }
    if (seen && passed) return parent;
  }
  return "";
}

void AddEvidence(const PacketContents& contents, ReleaseRecord& record) {
  for (size_t i = 0; i < contents.suites.size(); ++i) {
    release::Suite* suite = record.add_suites();
    suite->set_name(contents.suites[i].record.name);
    suite->set_version(contents.suites[i].record.version);
    suite->set_digest(Text(contents.suites[i].blob));
    release::Evidence* sidecar = record.add_sidecars();
    sidecar->set_suite_digest(suite->digest());
    sidecar->set_sidecar_digest(Text(contents.sidecars[i].blob));
    sidecar->set_diagnostics_digest(CountedDigest(contents.sidecars[i].evidence));
  }
  for (const auto& baseline : contents.baselines) {
    release::Evidence* evidence = record.add_baselines();
    evidence->set_suite_digest(baseline.evidence.record.suite().digest());
    evidence->set_sidecar_digest(Text(baseline.blob));
  }
  if (contents.scorecard.has_value()) {
    record.set_scorecard_digest(Text(contents.scorecard->blob));
  }
  record.set_policy_digest(Text(contents.policy.blob));
  record.set_decision_digest(Text(contents.decision.blob));
  record.set_claim_level(contents.decision.record.claim_level());
  record.set_numerics_version(
      contents.sidecars[0].evidence.record.numerics_version());
}

void AddLineage(const PacketContents& contents,
                const std::string& release_node, ReleaseRecord& record) {
  const packager::DerivationNode& node = contents.node.record;
  *record.mutable_parent_digests() = node.parent_digests();
  for (const packager::Term& term : node.terms()) {
    release::Term* entry = record.add_terms();
    entry->set_scale(term.scale());
    entry->set_level(term.level());
  }
  record.set_rollback_target(RollbackTarget(contents));
  record.set_release_node_digest(Sha256(release_node).ToString());
  record.add_derivation_node_digests(Text(contents.node.blob));
  for (const auto& ancestor : contents.ancestors) {
    record.add_derivation_node_digests(Text(ancestor.blob));
    for (const packager::License& license : ancestor.record.licenses()) {
      release::InheritedLicense* inherited = record.add_inherited_obligations();
      inherited->set_name(license.name());
      inherited->set_digest(license.digest());
      inherited->set_artifact_digest(ancestor.record.artifact_digest());
    }
  }
}

ReleaseRecord MakeRecord(const PacketContents& contents,
                         const BuiltPacket& packet) {
  ReleaseRecord record;
  record.set_schema_version("pedigree.record.v1");
  record.set_name(contents.name);
  record.set_version(contents.version);
  record.set_assembly_digest(contents.node.record.artifact_digest());
  record.set_model_digest(Text(contents.model));
  record.set_model_manifest_digest(Text(contents.model_manifest.blob));
  for (const HashedBlob& adapter : contents.adapters) {
    record.add_adapter_digests(Text(adapter));
  }
  for (const auto& manifest : contents.adapter_manifests) {
    record.add_adapter_manifest_digests(Text(manifest.blob));
  }
  for (const auto& receipt : contents.receipts) {
    record.add_operator_receipt_digests(Text(receipt.blob));
  }
  AddEvidence(contents, record);
  for (const RuntimeBlob& runtime : contents.runtimes) {
    release::Runtime* entry = record.add_runtimes();
    entry->set_target(runtime.target);
    entry->set_digest(Text(runtime.blob));
  }
  for (const release::ToolchainPin& pin : contents.toolchain_pins) {
    *record.add_toolchain_pins() = pin;
  }
  for (const release::LinkedLibrary& library : contents.linked_libraries) {
    *record.add_linked_libraries() = library;
  }
  record.set_bom_digest(Sha256(packet.bom).ToString());
  record.set_inputs_digest(contents.inputs_digest);
  for (const LicenseBlob& license : contents.licenses) {
    release::License* entry = record.add_licenses();
    entry->set_name(LicenseName(contents, license));
    entry->set_digest(Text(license.blob));
  }
  AddLineage(contents, packet.release_node, record);
  for (const ClaimKind kind : kPacketClaims) {
    record.add_expected_claims(std::string(ClaimName(kind)));
  }
  return record;
}

// Names of suites may have slashes; a layer's file lies in one folder.
std::string FileStem(std::string_view suite_name) {
  return absl::StrReplaceAll(suite_name, {{"/", "-"}});
}

// The suite whose run counted `diagnostics`.
std::string SuiteOf(const PacketContents& contents,
                    const Parsed<evaluator::Counted>& diagnostics) {
  for (const auto& sidecar : contents.sidecars) {
    if (CountedDigest(sidecar.evidence) == Text(diagnostics.blob)) {
      return sidecar.evidence.record.suite().name();
    }
  }
  return "unknown";
}

std::string RuntimeFileName(std::string_view target) {
  for (const RuntimeTarget& known : kRuntimeTargets) {
    if (known.target == target) {
      return absl::StrCat(target, "/", known.file_name);
    }
  }
  return std::string(target);
}

// The texts that go with a library. Libraries of one pin share a folder, and
// texts that came with the packet already are not there twice.
void AddNotices(const PacketContents& contents,
                const release::LinkedLibrary& library, LayerList& layers) {
  for (const release::License& notice : library.notices()) {
    for (const HashedBlob& blob : contents.notices) {
      if (Text(blob) != notice.digest()) continue;
      layers.Add(LayerKind::kNotice, blob,
                 absl::StrCat(library.pin().empty() ? library.name()
                                                    : library.pin(),
                              "/", notice.name()),
                 "");
    }
  }
}

// In the order of LayerKind.
absl::StatusOr<std::vector<Layer>> ListLayers(const PacketContents& contents,
                                              const BuiltPacket& packet) {
  LayerList layers;
  layers.Add(LayerKind::kRecord, BlobOf(packet.record));
  layers.Add(LayerKind::kModel, contents.model);
  for (size_t i = 0; i < contents.adapters.size(); ++i) {
    layers.Add(LayerKind::kAdapter, contents.adapters[i], absl::StrCat(i),
               ".adp");
  }
  layers.Add(LayerKind::kModelManifest, contents.model_manifest.blob);
  for (size_t i = 0; i < contents.adapter_manifests.size(); ++i) {
    layers.Add(LayerKind::kAdapterManifest, contents.adapter_manifests[i].blob,
               absl::StrCat(i), ".json");
  }
  for (size_t i = 0; i < contents.receipts.size(); ++i) {
    layers.Add(LayerKind::kReceipt, contents.receipts[i].blob, absl::StrCat(i),
               ".json");
  }
  for (const auto& suite : contents.suites) {
    layers.Add(LayerKind::kSuite, suite.blob, FileStem(suite.record.name),
               ".json");
  }
  for (const auto& sidecar : contents.sidecars) {
    layers.Add(LayerKind::kSidecar, sidecar.blob,
               FileStem(sidecar.evidence.record.suite().name()), ".json");
  }
  for (const auto& baseline : contents.baselines) {
    layers.Add(LayerKind::kBaseline, baseline.blob,
               FileStem(baseline.evidence.record.suite().name()), ".json");
  }
  if (contents.scorecard.has_value()) {
    layers.Add(LayerKind::kScorecard, contents.scorecard->blob);
  }
  layers.Add(LayerKind::kDecision, contents.decision.blob);
  layers.Add(LayerKind::kPolicy, contents.policy.blob);
  for (const auto& diagnostics : contents.diagnostics) {
    layers.Add(LayerKind::kDiagnostics, diagnostics.blob,
               FileStem(SuiteOf(contents, diagnostics)), ".json");
  }
  layers.Add(LayerKind::kDerivationNode, contents.node.blob);
  for (size_t i = 0; i < contents.ancestors.size(); ++i) {
    layers.Add(LayerKind::kAncestorNode, contents.ancestors[i].blob,
               absl::StrCat(i), ".json");
  }
  layers.Add(LayerKind::kReleaseNode, BlobOf(packet.release_node));
  for (const RuntimeBlob& runtime : contents.runtimes) {
    layers.Add(LayerKind::kRuntime, runtime.blob,
               RuntimeFileName(runtime.target), "");
  }
  for (const LicenseBlob& license : contents.licenses) {
    layers.Add(LayerKind::kLicense, license.blob,
               LicenseName(contents, license), "");
  }
  for (const release::LinkedLibrary& library : contents.linked_libraries) {
    AddNotices(contents, library, layers);
  }
  layers.Add(LayerKind::kBom, BlobOf(packet.bom));
  PEDIGREE_RETURN_IF_ERROR(layers.Check());
  return layers.TakeLayers();
}

// ModelPack's config: https://github.com/modelpack/model-spec, config.md.
std::string MakeConfig(const PacketContents& contents,
                       const ReleaseRecord& record,
                       const std::vector<Layer>& layers) {
  const packager::ModelManifest& manifest = contents.model_manifest.record;
  Json licenses = Json::array();
  std::set<std::string> seen;
  for (const release::License& license : record.licenses()) {
    if (seen.insert(license.name()).second) licenses.push_back(license.name());
  }
  Json diff_ids = Json::array();
  for (const Layer& layer : layers) {
    diff_ids.push_back(layer.digest.ToString());
  }
  Json config = {{"architecture", "transformer"},
                 {"format", manifest.format()},
                 {"paramSize", absl::StrCat(manifest.parameter_count())},
                 {"precision", "f32"}};
  if (manifest.quantization() != "f32") {
    config["quantization"] = manifest.quantization();
  }
  Json descriptor = {{"family", contents.node.record.base_family()},
                     {"licenses", std::move(licenses)},
                     {"name", contents.name},
                     {"version", contents.version}};
  return CanonicalJson(
      {{"config", std::move(config)},
       {"descriptor", std::move(descriptor)},
       {"modelfs", {{"diffIds", std::move(diff_ids)}, {"type", "layers"}}}});
}

std::string MakeManifest(const PacketContents& contents,
                         const BuiltPacket& packet) {
  OciManifest manifest;
  manifest.name = contents.name;
  manifest.version = contents.version;
  const HashedBlob config = BlobOf(packet.config);
  manifest.config.media_type = kConfigMediaType;
  manifest.config.digest = config.digest;
  manifest.config.size = config.size;
  for (const Layer& layer : packet.layers) {
    manifest.layers.push_back({std::string(LayerMediaType(layer.kind)),
                               layer.digest, layer.size, layer.file_path});
  }
  return WriteOciManifest(manifest);
}

absl::Status CheckReleaseName(std::string_view what,
                              std::string_view name) {
  if (IsSafeFilePath(name) && !absl::StrContains(name, '/')) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid packet: ", what, " \"", name.substr(0, 120),
                   "\" (expected letters, digits and . _ + -, not starting "
                   "with a dot)"));
}

}  // namespace

absl::StatusOr<BuiltPacket> BuildPacket(const PacketContents& contents) {
  PEDIGREE_RETURN_IF_ERROR(CheckReleaseName("name", contents.name));
  PEDIGREE_RETURN_IF_ERROR(CheckReleaseName("version", contents.version));
  BuiltPacket packet;
  packet.release_node = CanonicalRecord(MakeReleaseNode(contents));
  packet.bom = MakeBom(contents);
  const ReleaseRecord record = MakeRecord(contents, packet);
  packet.record = CanonicalRecord(record);
  PEDIGREE_ASSIGN_OR_RETURN(packet.layers, ListLayers(contents, packet));
  packet.config = MakeConfig(contents, record, packet.layers);
  packet.manifest = MakeManifest(contents, packet);
  return packet;
}

}  // namespace pedigree
