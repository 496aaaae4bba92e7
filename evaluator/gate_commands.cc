#include "evaluator/gate_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "evaluator/files.h"
#include "evaluator/gate.h"
#include "evaluator/junit.h"
#include "evaluator/report.h"
#include "evaluator/sidecar.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

struct GateOptions {
  std::string policy;
  std::vector<std::string> sidecars;
  std::vector<std::string> baselines;
  std::vector<std::string> suites;
  std::vector<std::string> observations;
  std::string manifest;
  std::string out;
  std::string policy_out;
  bool record_only = false;
};

struct ShowOptions {
  std::string decision;
  std::vector<std::string> sidecars;
  std::vector<std::string> baselines;
  std::string expect;
  std::string junit;
};

absl::StatusOr<GateInput> ReadGateInput(const GateOptions& options) {
  GateInput input;
  PEDIGREE_ASSIGN_OR_RETURN(input.policy, ReadPolicy(options.policy));
  PEDIGREE_ASSIGN_OR_RETURN(input.sidecars, ReadSidecars(options.sidecars));
  PEDIGREE_ASSIGN_OR_RETURN(input.baselines, ReadBaselines(options.baselines));
  for (const std::string& path : options.suites) {
    PEDIGREE_ASSIGN_OR_RETURN(Suite suite, ReadSuite(path));
    input.suites.push_back(std::move(suite));
  }
  PEDIGREE_ASSIGN_OR_RETURN(input.observations,
                            ReadObservations(options.observations));
  if (!options.manifest.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string manifest,
                              ReadFile(options.manifest, kMaxRecordBytes));
    input.manifest_digest = Sha256(manifest).ToString();
  }
  return input;
}

absl::StatusOr<Outcome> Gate(const GateOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const GateInput input, ReadGateInput(options));
  PEDIGREE_ASSIGN_OR_RETURN(const evaluator::Decision decision, Decide(input));
  if (!options.policy_out.empty()) {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
        options.policy_out, CanonicalRecord(input.policy)));
  }
  if (!options.out.empty()) {
    PEDIGREE_RETURN_IF_ERROR(
        WriteFileAtomically(options.out, CanonicalRecord(decision)));
  }
  if (options.record_only) return Outcome::kGood;
  Print(DecisionReport(decision, input.sidecars, input.baselines));
  return decision.verdict() == kPass ? Outcome::kGood : Outcome::kBad;
}

// Whether `decision` rests on all of `evidence`.
absl::Status CheckCited(
    const std::vector<Evidence>& evidence,
    const google::protobuf::RepeatedPtrField<evaluator::EvidenceReference>&
        references) {
  for (const Evidence& item : evidence) {
    const bool cited = std::any_of(
        references.begin(), references.end(),
        [&](const evaluator::EvidenceReference& reference) {
          return reference.digest() == item.digest;
        });
    if (cited) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid evidence: the decision does not cite sidecar ",
                     item.digest, " of suite \"", item.record.suite().name(),
                     "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<Outcome> DecisionShow(const ShowOptions& options) {
  if (!options.expect.empty() && !IsVerdict(options.expect)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --expect: unknown verdict \"", options.expect, "\""));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const evaluator::Decision decision,
                            ReadDecision(options.decision));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Evidence> sidecars,
                            ReadSidecars(options.sidecars));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Evidence> baselines,
                            ReadBaselines(options.baselines));
  PEDIGREE_RETURN_IF_ERROR(CheckCited(sidecars, decision.sidecars()));
  PEDIGREE_RETURN_IF_ERROR(CheckCited(baselines, decision.baselines()));
  Print(DecisionReport(decision, sidecars, baselines));
  if (!options.junit.empty()) {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
        options.junit,
        JunitReport(decision, sidecars, baselines,
                    options.expect.empty() ? kPass : options.expect)));
  }
  if (options.expect.empty() || options.expect == decision.verdict()) {
    return Outcome::kGood;
  }
  Print(absl::StrCat("expected verdict ", options.expect, "\n"));
  return Outcome::kBad;
}

void AddGateCommand(CommandLine& command_line) {
  auto options = std::make_shared<GateOptions>();
  CLI::App* gate = command_line.Add(
      nullptr, "gate", "Judge evidence by a policy; exit 1 when it refuses",
      [options] { return Gate(*options); });
  gate->add_option("--policy", options->policy, "gate policy")->required();
  gate->add_option("--sidecar", options->sidecars, "evidence on the candidate")
      ->required();
  gate->add_option("--baseline", options->baselines,
                   "evidence to compare it with");
  gate->add_option("--suite", options->suites,
                   "frozen suites whose cases the evidence must cover");
  gate->add_option("--observation", options->observations,
                   "what was measured with the evidence");
  gate->add_option("--manifest", options->manifest,
                   "the manifest that the evidence must name");
  gate->add_option("--out", options->out, "where the decision goes");
  gate->add_option("--policy-out", options->policy_out,
                   "where the policy's canonical form goes");
  gate->add_flag("--record-only", options->record_only,
                 "print nothing and exit 0 whatever the verdict");
}

void AddDecisionCommands(CommandLine& command_line) {
  CLI::App* group =
      command_line.Add(nullptr, "decision", "Read decisions", nullptr);
  auto options = std::make_shared<ShowOptions>();
  CLI::App* show = command_line.Add(
      group, "show", "Print a decision with its reasons",
      [options] { return DecisionShow(*options); });
  show->add_option("DECISION", options->decision, "decision record")
      ->required();
  show->add_option("--sidecar", options->sidecars,
                   "evidence whose cases to show");
  show->add_option("--baseline", options->baselines,
                   "evidence to show them against");
  show->add_option("--expect", options->expect,
                   "exit 1 unless this is the verdict");
  show->add_option("--junit", options->junit,
                   "also write JUnit XML here, for CI systems");
}

}  // namespace

void AddGateCommands(CommandLine& command_line) {
  AddGateCommand(command_line);
  AddDecisionCommands(command_line);
}

}  // namespace pedigree
