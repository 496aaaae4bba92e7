#include "release/testing/sample_release.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "evaluator/gate.h"
#include "evaluator/policy.h"
#include "evaluator/scorecard.h"
#include "evaluator/sidecar.h"
#include "packager/records.pb.h"
#include "release/node_id.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/suite.h"
#include "runtime/testing/case_runs.h"

namespace pedigree {
namespace {

constexpr std::string_view kModel = "bytes of the parent model";
constexpr std::string_view kAdapter = "bytes of the adapter";
constexpr std::string_view kLicense = "Do what you like.\n";
constexpr std::string_view kPolicy = R"(
schema_version: "pedigree.gate_policy.v1"
name: "sample"
version: "1"
claim_level: "runtime-smoke"
suites { name: "greetings" min_pass_rate: "1" }
)";

template <typename T>
T Must(absl::StatusOr<T> value) {
  PEDIGREE_CHECK(value.ok());
  return *std::move(value);
}

std::string Text(std::string_view bytes) { return Sha256(bytes).ToString(); }

// Knows the parent's answers, and those of the parent with its adapter.
class SampleRunner : public OneByOneRunner {
 public:
  SampleRunner(bool adapted, SampleQuality quality)
      : adapted_(adapted), quality_(quality) {}

  absl::StatusOr<CaseOutput> Answer(const EvalCase& eval_case) override {
    const std::string& prompt = eval_case.prompt;
    CaseOutput output;
    output.output = absl::StrCat("good ", prompt);
    if (!adapted_ && prompt == "night") output.output = "?";
    if (adapted_ && quality_ == SampleQuality::kFailsHardCase &&
        prompt == "day") {
      output.output = "bad day";
    }
    output.token_ids = {1, 2};
    output.prompt_tokens = 3;
    output.stop_reason = "token-limit";
    return output;
  }

  absl::StatusOr<Subject> GetSubject() override {
    Subject subject;
    subject.model_digest = Sha256(kModel);
    if (adapted_) subject.adapter_digests = {Sha256(kAdapter)};
    subject.assembly_digest =
        AssemblyDigest(subject.model_digest, subject.adapter_digests);
    evaluator::Counted counted;
    counted.set_schema_version("pedigree.diagnostics.v1");
    counted.set_numerics_version("v1");
    counted.set_assembly_digest(subject.assembly_digest.ToString());
    counted.mutable_use()->set_case_count(2);
    subject.counted =
        Must(ParseJson(CanonicalRecord(counted), "counted"));
    return subject;
  }

 private:
  const bool adapted_;
  const SampleQuality quality_;
};

EvalCase MakeCase(std::string id, std::string word, bool hard) {
  EvalCase eval_case;
  eval_case.id = std::move(id);
  eval_case.prompt = word;
  eval_case.expected = absl::StrCat("good ", word);
  eval_case.max_new_tokens = 8;
  eval_case.hard = hard;
  return eval_case;
}

class SampleRelease {
 public:
  SampleRelease(const std::string& folder, SampleQuality quality)
      : folder_(folder), quality_(quality) {}

  PacketRequest Write() {
    request_.name = "sample";
    request_.version = "1.0.0";
    request_.model = File("parent.slm", kModel);
    request_.adapters = {File("adapter.adp", kAdapter)};
    request_.licenses = {File("LICENSE.txt", kLicense)};
    request_.runtimes = {{"linux-x86_64", File("runtime", "native code")},
                         {"wasm32", File("runtime.wasm", "wasm code")}};
    request_.toolchain_pins = File(
        "pins.json",
        CanonicalJson(Json::array({{{"name", "compiler"},
                                    {"tree_digest", Text("compiler")},
                                    {"version", "19"}}})));
    WriteLibraries();
    request_.sources = {{"models/parent.textproto", request_.model}};
    WriteManifests();
    WriteReceipts();
    WriteNodes();
    WriteEvidence();
    return request_;
  }

 private:
  std::string File(const std::string& name, std::string_view contents) {
    const std::string path = absl::StrCat(folder_, "/", name);
    PEDIGREE_CHECK(WriteFileAtomically(path, contents).ok());
    return path;
  }

  static std::string Assembly(bool adapted) {
    std::vector<Digest> adapters;
    if (adapted) adapters.push_back(Sha256(kAdapter));
    return AssemblyDigest(Sha256(kModel), adapters).ToString();
  }

  void WriteLibraries() {
    Json crt = {{"license", "MIT"},
                {"name", "crt"},
                {"notices", Json::array({File("crt.txt", "Take it.\n")})},
                {"pin", "compiler"},
                {"targets", Json::array({"linux-x86_64"})},
                {"version", ""}};
    Json own = {{"license", "Apache-2.0"},
                {"name", "pedigree"},
                {"notices", Json::array({File("own.txt", "Share it.\n")})},
                {"pin", ""},
                {"targets", Json::array({"linux-x86_64", "wasm32"})},
                {"version", ""}};
    Json list = Json::array();
    list.push_back(std::move(crt));
    list.push_back(std::move(own));
    request_.linked_libraries = File("libraries.json", CanonicalJson(list));
  }

  void WriteManifests() {
    packager::AdapterManifest adapter;
    adapter.set_schema_version("pedigree.adapter_manifest.v1");
    adapter.set_name("politeness");
    adapter.set_adapter_digest(Text(kAdapter));
    adapter.set_file_bytes(kAdapter.size());
    adapter.mutable_parent()->set_model_digest(Text(kModel));
    const std::string adapter_text = CanonicalRecord(adapter);
    request_.adapter_manifests = {File("adapter.manifest.json", adapter_text)};

    packager::ModelManifest model;
    model.set_schema_version("pedigree.model_manifest.v1");
    model.set_name("polite");
    model.set_format("slm1");
    model.set_model_digest(Text(kModel));
    model.set_file_bytes(kModel.size());
    model.set_assembly_digest(Assembly(true));
    model.add_adapters()->set_digest(Text(kAdapter));
    model.mutable_adapters(0)->set_manifest_digest(Text(adapter_text));
    model.mutable_shape();
    model.set_quantization("f32");
    model.set_parameter_count(7);
    model.mutable_tokenizer()->set_checksum("0x1");
    manifest_ = CanonicalRecord(model);
    request_.model_manifest = File("manifest.json", manifest_);
  }

  void AddReceipt(const std::string& operator_name, const std::string& role,
                  const std::string& digest) {
    packager::Receipt receipt;
    receipt.set_schema_version("pedigree.receipt.v1");
    receipt.set_operator_(operator_name);
    receipt.set_operator_version("1");
    receipt.set_config_digest(Text(CanonicalRecord(receipt.config())));
    receipt.mutable_config();
    receipt.mutable_output()->set_role(role);
    receipt.mutable_output()->set_digest(digest);
    request_.receipts.push_back(
        File(absl::StrCat(role, ".receipt.json"), CanonicalRecord(receipt)));
  }

  void WriteReceipts() {
    AddReceipt("adapter", "assembly", Assembly(true));
    AddReceipt("adapter-spec", "adapter", Text(kAdapter));
    AddReceipt("import", "model", Text(kModel));
  }

  void WriteNodes() {
    packager::DerivationNode parent;
    parent.set_schema_version("pedigree.derivation_node.v1");
    parent.set_artifact_digest(Assembly(false));
    parent.set_model_digest(Text(kModel));
    parent.set_operator_("import");
    parent.set_base_family("sample");
    parent.set_quantization("f32");
    parent.set_tokenizer_checksum("0x1");
    parent.set_created_by("pedigree.slm_pack");
    parent.add_licenses()->set_name("CC0-1.0");
    parent.mutable_licenses(0)->set_digest(Text(kLicense));
    packager::DerivationNode node = parent;
    parent.set_id(NodeId(parent));

    node.set_artifact_digest(Assembly(true));
    node.add_adapter_digests(Text(kAdapter));
    node.add_parent_ids(parent.id());
    node.add_parent_digests(parent.artifact_digest());
    node.set_operator_("adapter");
    node.set_operator_version("1");
    node.set_config_digest(
        Text(CanonicalRecord(packager::OperatorConfig())));
    node.set_id(NodeId(node));
    request_.ancestors = {File("parent.node.json", CanonicalRecord(parent))};
    request_.node = File("node.json", CanonicalRecord(node));
  }

  std::string RunSuite(const Suite& suite, bool adapted,
                       std::string_view manifest) {
    SampleRunner runner(adapted, quality_);
    const Json request = {{"manifest_digest", Text(manifest)},
                          {"source_kind", "deterministic-smoke"},
                          {"suite", SuiteToJson(suite)}};
    return Must(RunEvalRequest(CanonicalJson(request), runner));
  }

  void WriteEvidence() {
    const Suite suite =
        Must(MakeSuite("greetings", "1",
                       {MakeCase("day", "day", /*hard=*/true),
                        MakeCase("night", "night", /*hard=*/false)}));
    request_.suites = {
        File("suite.json", CanonicalJson(SuiteToJson(suite)))};
    const std::string sidecar = RunSuite(suite, true, manifest_);
    const std::string baseline = RunSuite(suite, false, "parent's manifest");
    request_.sidecars = {File("sidecar.json", sidecar)};
    request_.baselines = {File("baseline.json", baseline)};

    GateInput input;
    input.policy = Must(ParsePolicy(kPolicy));
    input.sidecars = {Must(ParseSidecar(sidecar))};
    input.baselines = {Must(ParseSidecar(baseline))};
    input.suites = {suite};
    input.manifest_digest = Text(manifest_);
    request_.diagnostics = {File(
        "diagnostics.json", CanonicalJson(input.sidecars[0].counted))};
    request_.scorecard =
        File("scorecard.json", CanonicalRecord(Must(MakeScorecard(
                                   input.sidecars, {{"kind", "polite"}}))));
    request_.policy = File("policy.json", CanonicalRecord(input.policy));
    request_.decision =
        File("decision.json", CanonicalRecord(Must(Decide(input))));
  }

  const std::string folder_;
  const SampleQuality quality_;
  PacketRequest request_;
  std::string manifest_;
};

}  // namespace

PacketRequest WriteSampleRelease(const std::string& folder,
                                 SampleQuality quality) {
  return SampleRelease(folder, quality).Write();
}

}  // namespace pedigree
