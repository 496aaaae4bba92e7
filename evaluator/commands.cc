#include "evaluator/commands.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/gate.h"
#include "evaluator/junit.h"
#include "evaluator/policy.h"
#include "evaluator/report.h"
#include "evaluator/sidecar.h"
#include "evaluator/suite_builder.h"
#include "evaluator/suite_lock.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Policies, locks and decisions are small; sidecars grow with their suite.
constexpr uint64_t kMaxRecordBytes = 64 << 20;
constexpr uint64_t kMaxSidecarBytes = 1 << 30;

struct SuiteOptions {
  std::string name;
  std::string version;
  std::string lock;
  std::string out;
  std::string freeze_command = "pedigree suite freeze";
  std::vector<std::string> files;
};

struct GateOptions {
  std::string policy;
  std::vector<std::string> sidecars;
  std::vector<std::string> baselines;
  std::vector<std::string> suites;
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

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

absl::StatusOr<Suite> ReadCases(const SuiteOptions& options) {
  std::vector<CaseFile> files;
  uint64_t rest = kMaxSuiteBytes;
  for (const std::string& path : options.files) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string contents, ReadFile(path, rest));
    rest -= contents.size();
    files.push_back({path, std::move(contents)});
  }
  return BuildSuite(options.name, options.version, files);
}

absl::StatusOr<evaluator::SuiteLock> ReadLock(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxRecordBytes));
  absl::StatusOr<evaluator::SuiteLock> lock = ParseSuiteLock(text);
  if (!lock.ok()) return AnnotateWithPath(lock.status(), path);
  return lock;
}

absl::StatusOr<Outcome> SuiteBuild(const SuiteOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const Suite suite, ReadCases(options));
  PEDIGREE_ASSIGN_OR_RETURN(const evaluator::SuiteLock lock,
                            ReadLock(options.lock));
  if (const absl::Status status =
          CheckSuiteLock(suite, lock, options.freeze_command);
      !status.ok()) {
    return AnnotateWithPath(status, options.lock);
  }
  PEDIGREE_RETURN_IF_ERROR(
      WriteFileAtomically(options.out, CanonicalJson(SuiteToJson(suite))));
  return Outcome::kGood;
}

// What freezing changes in the lock at `path`, for people.
std::string DescribeFreeze(const Suite& suite, const std::string& path) {
  const absl::StatusOr<evaluator::SuiteLock> before = ReadLock(path);
  if (absl::IsNotFound(before.status())) return "new lock";
  if (!before.ok()) return "the lock before could not be read";
  const std::vector<std::string> drift = SuiteDrift(suite, *before);
  return drift.empty() ? "unchanged" : absl::StrJoin(drift, ", ");
}

absl::StatusOr<Outcome> SuiteFreeze(const SuiteOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const Suite suite, ReadCases(options));
  const std::string change = DescribeFreeze(suite, options.lock);
  const evaluator::SuiteLock lock = MakeSuiteLock(suite);
  PEDIGREE_RETURN_IF_ERROR(
      WriteFileAtomically(options.lock, SuiteLockText(lock)));
  Print(absl::StrCat("froze suite ", suite.name, " ", suite.version, ", ",
                     suite.cases.size(), " cases, ", lock.suite_digest(), ": ",
                     change, "\n"));
  return Outcome::kGood;
}

absl::StatusOr<std::vector<Evidence>> ReadSidecars(
    const std::vector<std::string>& paths) {
  std::vector<Evidence> list;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxSidecarBytes));
    absl::StatusOr<Evidence> evidence = ParseSidecar(text);
    if (!evidence.ok()) return AnnotateWithPath(evidence.status(), path);
    list.push_back(*std::move(evidence));
  }
  return list;
}

absl::StatusOr<std::vector<Suite>> ReadSuites(
    const std::vector<std::string>& paths) {
  std::vector<Suite> list;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxSuiteBytes));
    absl::StatusOr<Suite> suite = ParseFrozenSuite(text);
    if (!suite.ok()) return AnnotateWithPath(suite.status(), path);
    list.push_back(*std::move(suite));
  }
  return list;
}

absl::StatusOr<evaluator::GatePolicy> ReadPolicy(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxRecordBytes));
  absl::StatusOr<evaluator::GatePolicy> policy = ParsePolicy(text);
  if (!policy.ok()) return AnnotateWithPath(policy.status(), path);
  return policy;
}

absl::StatusOr<GateInput> ReadGateInput(const GateOptions& options) {
  GateInput input;
  PEDIGREE_ASSIGN_OR_RETURN(input.policy, ReadPolicy(options.policy));
  PEDIGREE_ASSIGN_OR_RETURN(input.sidecars, ReadSidecars(options.sidecars));
  PEDIGREE_ASSIGN_OR_RETURN(input.baselines, ReadSidecars(options.baselines));
  PEDIGREE_ASSIGN_OR_RETURN(input.suites, ReadSuites(options.suites));
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

absl::StatusOr<evaluator::Decision> ReadDecision(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxRecordBytes));
  evaluator::Decision decision;
  const absl::Status status =
      ParseCanonicalRecord(text, "decision", &decision);
  if (!status.ok()) return AnnotateWithPath(status, path);
  return decision;
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
                            ReadSidecars(options.baselines));
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

// An option that may be given again, one value each time.
void AddRepeated(CLI::App* command, const std::string& name,
                 std::vector<std::string>& values, const std::string& text,
                 bool required = false) {
  command->add_option(name, values, text)
      ->allow_extra_args(false)
      ->required(required);
}

void AddSuiteOptions(CLI::App* command, SuiteOptions& options) {
  command->add_option("--name", options.name, "name of the suite")->required();
  command->add_option("--version", options.version, "version of the suite")
      ->required();
  command->add_option("--lock", options.lock, "the suite's lock")->required();
  command->add_option("FILE", options.files, "case files, JSON Lines")
      ->required();
}

void AddSuiteCommands(CommandLine& command_line) {
  CLI::App* group = command_line.Add(nullptr, "suite",
                                     "Make frozen eval suites", nullptr);
  auto build_options = std::make_shared<SuiteOptions>();
  CLI::App* build = command_line.Add(
      group, "build", "Build a suite whose cases are as the lock says",
      [build_options] { return SuiteBuild(*build_options); });
  AddSuiteOptions(build, *build_options);
  build->add_option("--out", build_options->out, "where the suite goes")
      ->required();
  build->add_option("--freeze-command", build_options->freeze_command,
                    "what to run to freeze it anew, for the message");
  auto freeze_options = std::make_shared<SuiteOptions>();
  CLI::App* freeze = command_line.Add(
      group, "freeze", "Write the lock of a suite anew",
      [freeze_options] { return SuiteFreeze(*freeze_options); });
  AddSuiteOptions(freeze, *freeze_options);
}

void AddGateCommand(CommandLine& command_line) {
  auto options = std::make_shared<GateOptions>();
  CLI::App* gate = command_line.Add(
      nullptr, "gate", "Judge evidence by a policy; exit 1 when it refuses",
      [options] { return Gate(*options); });
  gate->add_option("--policy", options->policy, "gate policy")->required();
  AddRepeated(gate, "--sidecar", options->sidecars,
              "evidence on the candidate", /*required=*/true);
  AddRepeated(gate, "--baseline", options->baselines,
              "evidence to compare it with");
  AddRepeated(gate, "--suite", options->suites,
              "frozen suites whose cases the evidence must cover");
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
  AddRepeated(show, "--sidecar", options->sidecars,
              "evidence whose cases to show");
  AddRepeated(show, "--baseline", options->baselines,
              "evidence to show them against");
  show->add_option("--expect", options->expect,
                   "exit 1 unless this is the verdict");
  show->add_option("--junit", options->junit,
                   "also write JUnit XML here, for CI systems");
}

}  // namespace

void AddEvaluatorCommands(CommandLine& command_line) {
  AddSuiteCommands(command_line);
  AddGateCommand(command_line);
  AddDecisionCommands(command_line);
}

}  // namespace pedigree
