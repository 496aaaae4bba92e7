#include "release/bom/bom.h"

#include <map>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

constexpr std::string_view kModelRef = "model";

Json Property(std::string_view name, std::string_view value) {
  return {{"name", absl::StrCat("pedigree:", name)}, {"value", value}};
}

// Adds a property unless its value is empty.
void AddProperty(std::string_view name, std::string_view value, Json& list) {
  if (!value.empty()) list.push_back(Property(name, value));
}

Json Hashes(const Digest& digest) {
  return Json::array({{{"alg", "SHA-256"}, {"content", digest.Hex()}}});
}

Json Component(std::string_view type, std::string ref, std::string_view name) {
  return {{"bom-ref", std::move(ref)}, {"name", name}, {"type", type}};
}

// Names of licences come from the models' owners: none need be SPDX's.
Json NamedLicenses(
    const google::protobuf::RepeatedPtrField<packager::License>& licenses) {
  std::map<std::string, bool> names;
  for (const packager::License& license : licenses) names[license.name()] = true;
  Json list = Json::array();
  for (const auto& entry : names) {
    list.push_back({{"license", {{"name", entry.first}}}});
  }
  return list;
}

void AddLicenses(const packager::DerivationNode& node, Json& component) {
  Json licenses = NamedLicenses(node.licenses());
  if (!licenses.empty()) component["licenses"] = std::move(licenses);
}

Json NodeProperties(const packager::DerivationNode& node) {
  Json properties = Json::array();
  AddProperty("assembly_digest", node.artifact_digest(), properties);
  AddProperty("base_family", node.base_family(), properties);
  AddProperty("derivation_id", node.id(), properties);
  AddProperty("operator", node.operator_(), properties);
  AddProperty("quantization", node.quantization(), properties);
  return properties;
}

// An ancestor's node names no file, so it is called by what made it.
Json Ancestor(const packager::DerivationNode& node, size_t index) {
  Json ancestor = Component(
      "machine-learning-model", absl::StrCat("ancestor:", index),
      absl::StrCat(node.base_family(), "/", node.operator_()));
  // Cross-links see to it that it is one.
  const absl::StatusOr<Digest> digest = ParseDigest(node.model_digest());
  if (digest.ok()) ancestor["hashes"] = Hashes(*digest);
  ancestor["properties"] = NodeProperties(node);
  AddLicenses(node, ancestor);
  return ancestor;
}

std::string AdapterRef(size_t index) { return absl::StrCat("adapter:", index); }
std::string SuiteRef(size_t index) { return absl::StrCat("suite:", index); }
std::string RuntimeRef(std::string_view target) {
  return absl::StrCat("runtime:", target);
}
// A library comes in one version a pin.
std::string LibraryRef(const release::LinkedLibrary& library) {
  return library.pin().empty()
             ? absl::StrCat("library:", library.name())
             : absl::StrCat("library:", library.pin(), "/", library.name());
}

// The name that the adapter's manifest gives it.
std::string AdapterName(const PacketContents& contents, const Digest& digest,
                        size_t index) {
  for (const auto& manifest : contents.adapter_manifests) {
    if (manifest.record.adapter_digest() == digest.ToString() &&
        !manifest.record.name().empty()) {
      return manifest.record.name();
    }
  }
  return AdapterRef(index);
}

Json Adapter(const PacketContents& contents, size_t index) {
  const HashedBlob& blob = contents.adapters[index];
  Json adapter = Component("machine-learning-model", AdapterRef(index),
                           AdapterName(contents, blob.digest, index));
  adapter["hashes"] = Hashes(blob.digest);
  return adapter;
}

Json SuiteComponent(const Parsed<Suite>& suite, size_t index) {
  Json component = Component("data", SuiteRef(index), suite.record.name);
  component["data"] =
      Json::array({{{"name", suite.record.name}, {"type", "dataset"}}});
  component["hashes"] = Hashes(suite.blob.digest);
  component["version"] = suite.record.version;
  return component;
}

std::string_view RuntimeFile(std::string_view target) {
  for (const RuntimeTarget& known : kRuntimeTargets) {
    if (known.target == target) return known.file_name;
  }
  return target;
}

Json RuntimeComponent(const RuntimeBlob& runtime) {
  Json component = Component("application", RuntimeRef(runtime.target),
                             RuntimeFile(runtime.target));
  component["hashes"] = Hashes(runtime.blob.digest);
  component["properties"] = Json::array({Property("target", runtime.target)});
  return component;
}

std::string TreeDigest(const PacketContents& contents, std::string_view pin) {
  for (const release::ToolchainPin& known : contents.toolchain_pins) {
    if (known.name() == pin) return known.tree_digest();
  }
  return "";
}

Json LibraryComponent(const PacketContents& contents,
                      const release::LinkedLibrary& library) {
  Json component = Component("library", LibraryRef(library), library.name());
  if (!library.version().empty()) component["version"] = library.version();
  component["licenses"] = Json::array({{{"expression", library.license()}}});
  Json properties = Json::array();
  for (const release::License& notice : library.notices()) {
    AddProperty("notice_digest", notice.digest(), properties);
  }
  AddProperty("pin", library.pin(), properties);
  AddProperty("tree_digest", TreeDigest(contents, library.pin()), properties);
  component["properties"] = std::move(properties);
  return component;
}

// Every sidecar's pass rate with its interval; then what else the scorecard says.
Json PerformanceMetrics(const PacketContents& contents) {
  Json metrics = Json::array();
  for (const SidecarBlob& sidecar : contents.sidecars) {
    const evaluator::Sidecar& record = sidecar.evidence.record;
    metrics.push_back({{"confidenceInterval",
                        {{"lowerBound", record.interval().lower()},
                         {"upperBound", record.interval().upper()}}},
                       {"slice", record.suite().name()},
                       {"type", "pass_rate"},
                       {"value", record.pass_rate()}});
  }
  if (!contents.scorecard.has_value()) return metrics;
  for (const evaluator::Fitness& fitness : contents.scorecard->record.fitness()) {
    if (fitness.name() == "pass_rate") continue;
    Json metric = {
        {"type", absl::StrCat(fitness.component(), "/", fitness.name())},
        {"value", fitness.value()}};
    if (!fitness.suite().empty()) metric["slice"] = fitness.suite();
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

Json CardProperties(const PacketContents& contents) {
  Json properties = Json::array();
  for (const SidecarBlob& baseline : contents.baselines) {
    AddProperty("baseline_digest", baseline.blob.digest.ToString(), properties);
  }
  AddProperty("claim_level", contents.decision.record.claim_level(),
              properties);
  AddProperty("decision_digest", contents.decision.blob.digest.ToString(),
              properties);
  AddProperty("numerics_version",
              contents.sidecars[0].evidence.record.numerics_version(),
              properties);
  AddProperty("policy_digest", contents.policy.blob.digest.ToString(),
              properties);
  return properties;
}

Json ModelCard(const PacketContents& contents) {
  Json datasets = Json::array();
  for (size_t i = 0; i < contents.suites.size(); ++i) {
    datasets.push_back({{"ref", SuiteRef(i)}});
  }
  Json text = Json::array({{{"format", "string"}}});
  Json parameters = {{"architectureFamily", "transformer"},
                     {"datasets", std::move(datasets)},
                     {"inputs", text},
                     {"outputs", text},
                     {"task", "text-generation"}};
  return {{"modelParameters", std::move(parameters)},
          {"properties", CardProperties(contents)},
          {"quantitativeAnalysis",
           {{"performanceMetrics", PerformanceMetrics(contents)}}}};
}

Json Model(const PacketContents& contents) {
  const packager::DerivationNode& node = contents.node.record;
  Json model = Component("machine-learning-model", std::string(kModelRef),
                         contents.name);
  model["version"] = contents.version;
  model["hashes"] = Hashes(contents.model.digest);
  model["modelCard"] = ModelCard(contents);
  model["properties"] = NodeProperties(node);
  AddLicenses(node, model);
  Json ancestors = Json::array();
  for (size_t i = 0; i < contents.ancestors.size(); ++i) {
    ancestors.push_back(Ancestor(contents.ancestors[i].record, i));
  }
  if (!ancestors.empty()) {
    model["pedigree"] = {{"ancestors", std::move(ancestors)}};
  }
  return model;
}

Json Components(const PacketContents& contents) {
  Json components = Json::array();
  for (size_t i = 0; i < contents.adapters.size(); ++i) {
    components.push_back(Adapter(contents, i));
  }
  for (size_t i = 0; i < contents.suites.size(); ++i) {
    components.push_back(SuiteComponent(contents.suites[i], i));
  }
  for (const RuntimeBlob& runtime : contents.runtimes) {
    components.push_back(RuntimeComponent(runtime));
  }
  for (const release::LinkedLibrary& library : contents.linked_libraries) {
    components.push_back(LibraryComponent(contents, library));
  }
  return components;
}

Json Dependency(std::string_view ref, Json depends_on) {
  Json dependency = {{"ref", ref}};
  if (!depends_on.empty()) dependency["dependsOn"] = std::move(depends_on);
  return dependency;
}

Json LibrariesOf(const PacketContents& contents, std::string_view target) {
  Json refs = Json::array();
  for (const release::LinkedLibrary& library : contents.linked_libraries) {
    for (const std::string& linked : library.targets()) {
      if (linked == target) refs.push_back(LibraryRef(library));
    }
  }
  return refs;
}

// A model needs its adapters, a runtime the libraries that are in it; the others
// need nothing.
Json Dependencies(const PacketContents& contents) {
  Json adapters = Json::array();
  for (size_t i = 0; i < contents.adapters.size(); ++i) {
    adapters.push_back(AdapterRef(i));
  }
  Json list = Json::array({Dependency(kModelRef, std::move(adapters))});
  for (const RuntimeBlob& runtime : contents.runtimes) {
    list.push_back(Dependency(RuntimeRef(runtime.target),
                              LibrariesOf(contents, runtime.target)));
  }
  return list;
}

// What is known of each runtime's libraries: all of them, or, for a runtime that
// came as a file, none.
Json Compositions(const PacketContents& contents) {
  Json known = Json::array();
  Json unknown = Json::array();
  for (const RuntimeBlob& runtime : contents.runtimes) {
    Json& list =
        LibrariesOf(contents, runtime.target).empty() ? unknown : known;
    list.push_back(RuntimeRef(runtime.target));
  }
  Json compositions = Json::array();
  if (!known.empty()) {
    compositions.push_back(
        {{"aggregate", "complete"}, {"dependencies", std::move(known)}});
  }
  if (!unknown.empty()) {
    compositions.push_back(
        {{"aggregate", "unknown"}, {"dependencies", std::move(unknown)}});
  }
  return compositions;
}

}  // namespace

std::string MakeBom(const PacketContents& contents) {
  Json bom = {{"bomFormat", "CycloneDX"},
              {"components", Components(contents)},
              {"dependencies", Dependencies(contents)},
              {"metadata",
               {{"component", Model(contents)},
                {"lifecycles", Json::array({{{"phase", "build"}}})}}},
              {"specVersion", "1.6"},
              {"version", 1}};
  Json compositions = Compositions(contents);
  if (!compositions.empty()) bom["compositions"] = std::move(compositions);
  return CanonicalJson(bom);
}

}  // namespace pedigree
