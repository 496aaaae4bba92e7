#include "release/registry/testing/sample_family.h"

#include <filesystem>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "evaluator/gate.h"
#include "evaluator/policy.h"
#include "evaluator/sidecar.h"
#include "release/make_packet.h"
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

constexpr std::string_view kLicense = "Do what you like.\n";
constexpr std::string_view kPolicy = R"(
schema_version: "pedigree.gate_policy.v1"
name: "family"
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

// Answers every case well.
class GoodRunner : public OneByOneRunner {
 public:
  GoodRunner(std::string_view model, const std::vector<std::string>& adapters) {
    subject_.model_digest = Sha256(model);
    for (const std::string& adapter : adapters) {
      subject_.adapter_digests.push_back(Sha256(adapter));
    }
    subject_.assembly_digest =
        AssemblyDigest(subject_.model_digest, subject_.adapter_digests);
    evaluator::Counted counted;
    counted.set_schema_version("pedigree.diagnostics.v1");
    counted.set_numerics_version("v1");
    counted.set_assembly_digest(subject_.assembly_digest.ToString());
    counted.mutable_use()->set_case_count(1);
    subject_.counted = Must(ParseJson(CanonicalRecord(counted), "counted"));
  }

  absl::StatusOr<CaseOutput> Answer(const EvalCase& eval_case) override {
    CaseOutput output;
    output.output = eval_case.expected;
    output.token_ids = {1};
    output.prompt_tokens = 1;
    output.stop_reason = "token-limit";
    return output;
  }

  absl::StatusOr<Subject> GetSubject() override { return subject_; }

 private:
  Subject subject_;
};

Suite GreetingSuite() {
  EvalCase eval_case;
  eval_case.id = "day";
  eval_case.prompt = "day";
  eval_case.expected = "good day";
  eval_case.max_new_tokens = 8;
  return Must(MakeSuite("greetings", "1", {eval_case}));
}

}  // namespace

// Writes the files of one member's release and makes its packet.
class MemberBuilder {
 public:
  MemberBuilder(SampleFamily& family, const std::string& name,
                const std::string& operation,
                const std::vector<std::string>& parents,
                const std::vector<std::string>& adapters)
      : family_(family),
        folder_(absl::StrCat(family.folder_, "/", name, ".files")),
        name_(name),
        operation_(operation) {
    std::filesystem::create_directories(folder_);
    for (const std::string& parent : parents) AddParent(parent);
    const auto& first = parents.empty() ? name : parents[0];
    member_.model = adapters.empty() ? absl::StrCat("weights of ", name)
                                     : family.members_.at(first).model;
    if (!adapters.empty()) member_.adapters = family.members_.at(first).adapters;
    for (const std::string& adapter : adapters) {
      member_.adapters.push_back(absl::StrCat("adapter ", adapter));
    }
  }

  SampleFamily::Member Build() {
    request_.name = name_;
    request_.version = "1";
    request_.model = File("model.slm", member_.model);
    request_.licenses = {File("LICENSE.txt", kLicense)};
    request_.runtimes = {{"linux-x86_64", File("runtime", "native code")}};
    WriteManifests();
    WriteReceipt();
    WriteNodes();
    WriteEvidence();
    const MadePacket made = Must(MakePacket(request_));
    PEDIGREE_CHECK(made.refusals.empty());
    PEDIGREE_CHECK(WritePacket(made, family_.Path(name_)).ok());
    member_.packet = Text(made.packet.manifest);
    std::filesystem::remove_all(folder_);
    return std::move(member_);
  }

 private:
  std::string File(const std::string& name, std::string_view contents) {
    const std::string path = absl::StrCat(folder_, "/", name);
    PEDIGREE_CHECK(WriteFileAtomically(path, contents).ok());
    return path;
  }

  void AddParent(const std::string& name) {
    const SampleFamily::Member& parent = family_.members_.at(name);
    member_.node.add_parent_ids(parent.node.id());
    member_.node.add_parent_digests(parent.node.artifact_digest());
    member_.ancestors.insert(name);
    member_.ancestors.insert(parent.ancestors.begin(), parent.ancestors.end());
  }

  std::string Assembly() const {
    std::vector<Digest> digests;
    for (const std::string& adapter : member_.adapters) {
      digests.push_back(Sha256(adapter));
    }
    return AssemblyDigest(Sha256(member_.model), digests).ToString();
  }

  void WriteManifests() {
    packager::ModelManifest model;
    model.set_schema_version("pedigree.model_manifest.v1");
    model.set_name(name_);
    model.set_format("slm1");
    model.set_model_digest(Text(member_.model));
    model.set_file_bytes(member_.model.size());
    model.set_assembly_digest(Assembly());
    model.mutable_shape();
    model.set_quantization("f32");
    model.set_parameter_count(7);
    model.mutable_tokenizer()->set_checksum("0x1");
    for (size_t i = 0; i < member_.adapters.size(); ++i) {
      AddAdapter(i, model);
    }
    manifest_ = CanonicalRecord(model);
    request_.model_manifest = File("manifest.json", manifest_);
  }

  void AddAdapter(size_t index, packager::ModelManifest& model) {
    const std::string& bytes = member_.adapters[index];
    packager::AdapterManifest manifest;
    manifest.set_schema_version("pedigree.adapter_manifest.v1");
    manifest.set_name(bytes);
    manifest.set_adapter_digest(Text(bytes));
    manifest.set_file_bytes(bytes.size());
    manifest.mutable_parent()->set_model_digest(Text(member_.model));
    const std::string text = CanonicalRecord(manifest);
    request_.adapters.push_back(File(absl::StrCat(index, ".adp"), bytes));
    request_.adapter_manifests.push_back(
        File(absl::StrCat(index, ".manifest.json"), text));
    auto& reference = *model.add_adapters();
    reference.set_digest(Text(bytes));
    reference.set_manifest_digest(Text(text));
  }

  void WriteReceipt() {
    packager::Receipt receipt;
    receipt.set_schema_version("pedigree.receipt.v1");
    receipt.set_operator_(operation_);
    receipt.set_operator_version("1");
    receipt.set_config_digest(Text(CanonicalRecord(receipt.config())));
    receipt.mutable_config();
    auto& input = *receipt.add_inputs();
    input.set_role("spec");
    input.set_digest(Text(absl::StrCat("spec of ", name_)));
    const bool unfused = !member_.adapters.empty();
    receipt.mutable_output()->set_role(unfused ? "assembly" : "model");
    receipt.mutable_output()->set_digest(unfused ? Assembly()
                                                 : Text(member_.model));
    request_.receipts = {File("receipt.json", CanonicalRecord(receipt))};
  }

  void WriteNodes() {
    packager::DerivationNode& node = member_.node;
    node.set_schema_version("pedigree.derivation_node.v1");
    node.set_artifact_digest(Assembly());
    node.set_model_digest(Text(member_.model));
    for (const std::string& adapter : member_.adapters) {
      node.add_adapter_digests(Text(adapter));
    }
    node.set_operator_(operation_);
    node.set_operator_version("1");
    node.set_config_digest(Text(CanonicalRecord(packager::OperatorConfig())));
    node.set_base_family("sample");
    node.set_quantization("f32");
    node.set_tokenizer_checksum("0x1");
    node.set_created_by("pedigree.slm_pack");
    node.add_licenses()->set_name("CC0-1.0");
    node.mutable_licenses(0)->set_digest(Text(kLicense));
    node.set_id(NodeId(node));
    request_.node = File("node.json", CanonicalRecord(node));
    for (const std::string& name : member_.ancestors) {
      request_.ancestors.push_back(
          File(absl::StrCat(name, ".node.json"),
               CanonicalRecord(family_.members_.at(name).node)));
    }
  }

  void WriteEvidence() {
    const Suite suite = GreetingSuite();
    request_.suites = {File("suite.json", CanonicalJson(SuiteToJson(suite)))};
    GoodRunner runner(member_.model, member_.adapters);
    const Json run = {{"manifest_digest", Text(manifest_)},
                      {"source_kind", "deterministic-smoke"},
                      {"suite", SuiteToJson(suite)}};
    const std::string sidecar = Must(RunEvalRequest(CanonicalJson(run), runner));
    request_.sidecars = {File("sidecar.json", sidecar)};
    GateInput input;
    input.policy = Must(ParsePolicy(kPolicy));
    input.sidecars = {Must(ParseSidecar(sidecar))};
    input.suites = {suite};
    input.manifest_digest = Text(manifest_);
    request_.diagnostics = {
        File("diagnostics.json", CanonicalJson(input.sidecars[0].counted))};
    request_.policy = File("policy.json", CanonicalRecord(input.policy));
    request_.decision =
        File("decision.json", CanonicalRecord(Must(Decide(input))));
  }

  SampleFamily& family_;
  const std::string folder_;
  const std::string name_;
  const std::string operation_;
  SampleFamily::Member member_;
  PacketRequest request_;
  std::string manifest_;
};

SampleFamily::SampleFamily(std::string folder) : folder_(std::move(folder)) {}

std::string SampleFamily::Make(const std::string& name,
                               const std::string& operation,
                               const std::vector<std::string>& parents,
                               const std::vector<std::string>& adapters) {
  members_[name] =
      MemberBuilder(*this, name, operation, parents, adapters).Build();
  return Path(name);
}

std::string SampleFamily::Path(const std::string& name) const {
  return absl::StrCat(folder_, "/", name);
}

const std::string& SampleFamily::Packet(const std::string& name) const {
  return members_.at(name).packet;
}

const std::string& SampleFamily::Assembly(const std::string& name) const {
  return members_.at(name).node.artifact_digest();
}

const std::string& SampleFamily::Model(const std::string& name) const {
  return members_.at(name).node.model_digest();
}

}  // namespace pedigree
