#include "experiment/experiment.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "evaluator/gate.h"
#include "evaluator/policy.h"
#include "evaluator/report.h"
#include "evaluator/sidecar.h"
#include "packager/derivation.h"
#include "packager/operators.h"
#include "packager/package.h"
#include "release/make_packet.h"
#include "release/pending_directory.h"
#include "release/verify.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/suite.h"
#include "runtime/exports/runtime.h"

namespace pedigree {
namespace {

using Print = std::function<void(std::string_view)>;

// A file of the experiment, as it was found.
struct Input {
  std::string path;
  MappedFile file;
};

absl::StatusOr<Input> OpenInput(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  return Input{path, std::move(file)};
}

absl::StatusOr<std::vector<Input>> OpenInputs(
    const std::vector<std::string>& paths) {
  std::vector<Input> inputs;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(Input input, OpenInput(path));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<std::string> ManifestPaths(const std::vector<std::string>& paths) {
  std::vector<std::string> manifests;
  for (const std::string& path : paths) {
    manifests.push_back(path + ".manifest.json");
  }
  return manifests;
}

// Every file that the experiment reads, opened before anything is judged: what
// cannot be opened is bad usage, what is in it may be refused.
struct Inputs {
  Input model;
  Input manifest;
  Input node;
  std::vector<Input> adapters;
  std::vector<Input> adapter_manifests;
  Input suite;
  std::optional<Input> policy;
};

absl::StatusOr<Inputs> OpenAll(const ExperimentOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(Input model, OpenInput(options.model));
  PEDIGREE_ASSIGN_OR_RETURN(Input manifest,
                            OpenInput(options.model + ".manifest.json"));
  PEDIGREE_ASSIGN_OR_RETURN(Input node,
                            OpenInput(options.model + ".node.json"));
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<Input> adapters,
                            OpenInputs(options.adapters));
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<Input> adapter_manifests,
                            OpenInputs(ManifestPaths(options.adapters)));
  PEDIGREE_ASSIGN_OR_RETURN(Input suite, OpenInput(options.suite));
  std::optional<Input> policy;
  if (!options.policy.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(policy, OpenInput(options.policy));
  }
  return Inputs{std::move(model),    std::move(manifest),
                std::move(node),     std::move(adapters),
                std::move(adapter_manifests), std::move(suite),
                std::move(policy)};
}

class Experiment {
 public:
  Experiment(const ExperimentOptions& options, const Inputs& inputs,
             PendingDirectory& out, const Print& print)
      : options_(options), inputs_(inputs), out_(out), print_(print) {}

  // Each stage: OK, or why it refuses.
  absl::Status Load() {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        runtime_.LoadModel(inputs_.model.file.bytes()), inputs_.model.path));
    Say("load", Sha256(inputs_.model.file.bytes()).ToString());
    return absl::OkStatus();
  }

  // Adapters fit one after the other, so the later ones are validated on a
  // runtime that has the earlier ones.
  absl::Status Validate() {
    Runtime trial;
    PEDIGREE_RETURN_IF_ERROR(trial.LoadModel(inputs_.model.file.bytes()));
    for (const Input& adapter : inputs_.adapters) {
      PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
          trial.ValidateAdapter(adapter.file.bytes()), adapter.path));
      PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
          trial.ApplyAdapter(adapter.file.bytes()), adapter.path));
      Say("validate", Sha256(adapter.file.bytes()).ToString());
    }
    return absl::OkStatus();
  }

  absl::Status Apply() {
    for (const Input& adapter : inputs_.adapters) {
      PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
          runtime_.ApplyAdapter(adapter.file.bytes()), adapter.path));
    }
    PEDIGREE_RETURN_IF_ERROR(Describe());
    PEDIGREE_ASSIGN_OR_RETURN(const Subject subject, runtime_.GetSubject());
    Say("apply", absl::StrCat("assembly ", subject.assembly_digest.ToString()));
    return absl::OkStatus();
  }

  absl::Status Evaluate() {
    PEDIGREE_ASSIGN_OR_RETURN(
        const Json json, ParseJson(AsText(inputs_.suite.file.bytes()), "suite"));
    PEDIGREE_ASSIGN_OR_RETURN(Suite suite, ParseSuite(json));
    gate_.suites = {std::move(suite)};
    Keep("suite.json", CanonicalJson(SuiteToJson(gate_.suites[0])));
    PEDIGREE_ASSIGN_OR_RETURN(Evidence candidate,
                              Run("sidecar.json", manifest_digest_));
    PEDIGREE_RETURN_IF_ERROR(runtime_.ResetAdapters());
    PEDIGREE_ASSIGN_OR_RETURN(
        Evidence baseline,
        Run("baseline.json",
            Sha256(inputs_.manifest.file.bytes()).ToString()));
    Say("evaluate",
        absl::StrCat(gate_.suites[0].name, ": ",
                     candidate.record.totals().passed(), " of ",
                     candidate.record.totals().cases(), " passed, parent ",
                     baseline.record.totals().passed()));
    gate_.sidecars = {std::move(candidate)};
    gate_.baselines = {std::move(baseline)};
    return absl::OkStatus();
  }

  absl::Status ReadDiagnostics() {
    const Evidence& candidate = gate_.sidecars[0];
    const evaluator::Counted& counted = candidate.record.counted();
    if (counted.use().case_count() != candidate.record.totals().cases()) {
      return absl::DataLossError(absl::StrCat(
          "Corrupted diagnostics: counted ", counted.use().case_count(),
          " cases (expected ", candidate.record.totals().cases(), ")"));
    }
    Keep("diagnostics.json", CanonicalJson(candidate.counted));
    Say("diagnostics",
        absl::StrCat("weights per token ", counted.weight_bytes_per_token(),
                     " bytes, KV cache ", counted.kv_capacity_bytes(),
                     " bytes, peak scratch ", counted.peak_scratch_bytes(),
                     " bytes"));
    return absl::OkStatus();
  }

  absl::Status Gate() {
    PEDIGREE_ASSIGN_OR_RETURN(gate_.policy, Policy());
    gate_.manifest_digest = manifest_digest_;
    Keep("policy.json", CanonicalRecord(gate_.policy));
    PEDIGREE_ASSIGN_OR_RETURN(const evaluator::Decision decision,
                              Decide(gate_));
    Keep("decision.json", CanonicalRecord(decision));
    if (decision.verdict() == kPass) {
      Say("gate", decision.verdict());
      return absl::OkStatus();
    }
    const std::string report =
        DecisionReport(decision, gate_.sidecars, gate_.baselines);
    for (std::string_view line : absl::StrSplit(report, '\n')) {
      if (!line.empty()) Say("gate", line);
    }
    return absl::FailedPreconditionError(
        absl::StrCat("verdict is ", decision.verdict(), " (expected ", kPass,
                     ")"));
  }

  absl::Status BuildPacket() {
    for (const OutputFile& file : kept_) {
      PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(file.path, file.contents));
    }
    PEDIGREE_ASSIGN_OR_RETURN(const MadePacket made, MakePacket(Request()));
    if (!made.refusals.empty()) {
      return absl::FailedPreconditionError(made.refusals[0]);
    }
    PEDIGREE_RETURN_IF_ERROR(WritePacket(made, PathOf("packet")));
    packet_digest_ = Sha256(made.packet.manifest);
    Say("packet", packet_digest_.ToString());
    return absl::OkStatus();
  }

  absl::Status Verify() {
    PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report,
                              VerifyPacket(PathOf("packet"), packet_digest_));
    if (!report.faults.empty()) {
      return absl::DataLossError(report.faults[0]);
    }
    print_("verify: OK");
    return absl::OkStatus();
  }

 private:
  void Say(std::string_view stage, std::string_view text) {
    print_(absl::StrCat(stage, std::string(12 - stage.size(), ' '), text));
  }

  std::string PathOf(std::string_view file) const {
    return absl::StrCat(out_.path(), "/", file);
  }

  // A record that goes into the packet, written once all stages agree.
  void Keep(std::string_view file, std::string contents) {
    kept_.push_back({PathOf(file), std::move(contents)});
  }

  // The descendant's manifest, receipt and derivation node.
  absl::Status Describe() {
    PackageRequest request;
    request.operator_name = "adapter";
    request.info.name = options_.name;
    request.info.version = options_.version;
    request.inputs.push_back(MakeOperatorInput("model", inputs_.model.path,
                                               inputs_.model.file.bytes()));
    for (const Input& adapter : inputs_.adapters) {
      request.inputs.push_back(MakeOperatorInput("adapter", adapter.path,
                                                 adapter.file.bytes()));
    }
    for (const Input& manifest : inputs_.adapter_manifests) {
      request.adapter_manifests.emplace_back(AsText(manifest.file.bytes()));
    }
    absl::StatusOr<packager::DerivationNode> parent =
        ParseDerivationNode(AsText(inputs_.node.file.bytes()));
    if (!parent.ok()) {
      return AnnotateWithPath(parent.status(), inputs_.node.path);
    }
    request.parents.push_back(*std::move(parent));
    request.out = PathOf("descendant");
    PEDIGREE_ASSIGN_OR_RETURN(std::vector<OutputFile> files,
                              PackageModel(std::move(request)));
    for (OutputFile& file : files) {
      if (file.path == PathOf("descendant.manifest.json")) {
        manifest_digest_ = Sha256(file.contents).ToString();
      }
      kept_.push_back(std::move(file));
    }
    return absl::OkStatus();
  }

  // The suite on what the runtime holds now.
  absl::StatusOr<Evidence> Run(std::string_view file,
                               const std::string& manifest_digest) {
    const Json request = {{"manifest_digest", manifest_digest},
                          {"source_kind", options_.source_kind},
                          {"suite", SuiteToJson(gate_.suites[0])}};
    PEDIGREE_ASSIGN_OR_RETURN(
        std::string sidecar,
        RunEvalRequest(CanonicalJson(request), runtime_));
    PEDIGREE_ASSIGN_OR_RETURN(Evidence evidence, ParseSidecar(sidecar));
    Keep(file, std::move(sidecar));
    return evidence;
  }

  absl::StatusOr<evaluator::GatePolicy> Policy() const {
    if (inputs_.policy.has_value()) {
      absl::StatusOr<evaluator::GatePolicy> policy =
          ParsePolicy(AsText(inputs_.policy->file.bytes()));
      if (policy.ok()) return policy;
      return AnnotateWithPath(policy.status(), inputs_.policy->path);
    }
    evaluator::GatePolicy policy;
    policy.set_schema_version(std::string(kPolicySchema));
    policy.set_name("every-case-passes");
    policy.set_version("1");
    policy.set_claim_level(std::string(
        QualityBoundary(options_.source_kind).value_or("structural")));
    evaluator::SuitePolicy* suite = policy.add_suites();
    suite->set_name(gate_.suites[0].name);
    suite->set_digest(SuiteDigest(gate_.suites[0]).ToString());
    suite->set_min_pass_rate("1");
    return policy;
  }

  PacketRequest Request() const {
    PacketRequest request;
    request.name = options_.name;
    request.version = options_.version;
    request.model = options_.model;
    request.model_manifest = PathOf("descendant.manifest.json");
    request.receipts = {PathOf("descendant.receipt.json")};
    request.node = PathOf("descendant.node.json");
    request.ancestors = {inputs_.node.path};
    request.ancestors.insert(request.ancestors.end(),
                             options_.ancestors.begin(),
                             options_.ancestors.end());
    request.adapters = options_.adapters;
    request.adapter_manifests = ManifestPaths(options_.adapters);
    request.suites = {PathOf("suite.json")};
    request.sidecars = {PathOf("sidecar.json")};
    request.diagnostics = {PathOf("diagnostics.json")};
    request.baselines = {PathOf("baseline.json")};
    request.policy = PathOf("policy.json");
    request.decision = PathOf("decision.json");
    request.runtimes = options_.runtimes;
    request.licenses = options_.licenses;
    return request;
  }

  const ExperimentOptions& options_;
  const Inputs& inputs_;
  PendingDirectory& out_;
  const Print& print_;
  Runtime runtime_;
  std::string manifest_digest_;
  GateInput gate_;
  std::vector<OutputFile> kept_;
  Digest packet_digest_;
};

struct Stage {
  std::string_view name;
  absl::Status (Experiment::*run)();
};

constexpr Stage kStages[] = {
    {"load", &Experiment::Load},
    {"validate", &Experiment::Validate},
    {"apply", &Experiment::Apply},
    {"evaluate", &Experiment::Evaluate},
    {"diagnostics", &Experiment::ReadDiagnostics},
    {"gate", &Experiment::Gate},
    {"packet", &Experiment::BuildPacket},
    {"verify", &Experiment::Verify},
};

}  // namespace

absl::StatusOr<Outcome> RunExperiment(const ExperimentOptions& options,
                                      const Print& print) {
  PEDIGREE_ASSIGN_OR_RETURN(const Inputs inputs, OpenAll(options));
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory out,
                            PendingDirectory::Create(options.out));
  Experiment experiment(options, inputs, out, print);
  for (const Stage& stage : kStages) {
    const absl::Status status = (experiment.*stage.run)();
    if (status.ok()) continue;
    print(absl::StrCat("REJECT at ", stage.name, ": ", status.message()));
    return Outcome::kBad;
  }
  PEDIGREE_RETURN_IF_ERROR(out.Commit());
  return Outcome::kGood;
}

}  // namespace pedigree
