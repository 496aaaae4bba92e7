#include "evaluator/commands.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "evaluator/baseline.h"
#include "evaluator/gate.h"
#include "evaluator/junit.h"
#include "evaluator/lm_eval_import.h"
#include "evaluator/observation.h"
#include "evaluator/policy.h"
#include "evaluator/report.h"
#include "evaluator/scorecard.h"
#include "evaluator/shards.h"
#include "evaluator/sidecar.h"
#include "evaluator/suite_builder.h"
#include "evaluator/suite_lock.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"

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

struct ImportOptions {
  std::string format;
  std::string out;
  LmEvalOptions lm_eval;
  std::vector<std::string> files;
};

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

struct BaselineOptions {
  std::string baseline;
  std::string suite_name;
  std::string sidecar;
  std::string out;
};

struct ScorecardOptions {
  std::vector<std::string> sidecars;
  std::vector<std::string> notes;
  std::string out;
  bool json = false;
};

struct MergeOptions {
  std::vector<std::string> shards;
  std::string suite;
  std::string out;
  std::string diagnostics;
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

absl::StatusOr<std::vector<CaseFile>> ReadCaseFiles(
    const std::vector<std::string>& paths) {
  std::vector<CaseFile> files;
  uint64_t rest = kMaxSuiteBytes;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string contents, ReadFile(path, rest));
    rest -= contents.size();
    files.push_back({path, std::move(contents)});
  }
  return files;
}

absl::StatusOr<Suite> ReadCases(const SuiteOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<CaseFile> files,
                            ReadCaseFiles(options.files));
  return BuildSuite(options.name, options.version, files);
}

absl::StatusOr<Outcome> SuiteImport(const ImportOptions& options) {
  if (options.format != "lm-eval") {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --format: \"", options.format, "\" (expected \"lm-eval\")"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<CaseFile> files,
                            ReadCaseFiles(options.files));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<EvalCase> cases,
                            ImportLmEval(files, options.lm_eval));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, CaseLines(cases)));
  Print(absl::StrCat("imported ", cases.size(), " cases\n"));
  return Outcome::kGood;
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

using EvidenceParser = absl::StatusOr<Evidence> (*)(std::string_view text);

absl::StatusOr<std::vector<Evidence>> ReadEvidence(
    const std::vector<std::string>& paths, EvidenceParser parse) {
  std::vector<Evidence> list;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxSidecarBytes));
    absl::StatusOr<Evidence> evidence = parse(text);
    if (!evidence.ok()) return AnnotateWithPath(evidence.status(), path);
    list.push_back(*std::move(evidence));
  }
  return list;
}

absl::StatusOr<std::vector<Evidence>> ReadSidecars(
    const std::vector<std::string>& paths) {
  return ReadEvidence(paths, &ParseSidecar);
}

// Sidecars, or stored ones.
absl::StatusOr<std::vector<Evidence>> ReadBaselines(
    const std::vector<std::string>& paths) {
  return ReadEvidence(paths, &ParseBaseline);
}

absl::StatusOr<Outcome> BaselineRead(const BaselineOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Evidence> baselines,
                            ReadBaselines({options.baseline}));
  const std::string& suite = baselines.front().record.suite().name();
  if (!options.suite_name.empty() && suite != options.suite_name) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.baseline, ": Baseline is of suite \"", suite,
                     "\" (expected \"", options.suite_name, "\")"));
  }
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
      options.out, CanonicalRecord(baselines.front().record)));
  return Outcome::kGood;
}

absl::StatusOr<Outcome> BaselineUpdate(const BaselineOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(options.sidecar, kMaxSidecarBytes));
  absl::StatusOr<Evidence> after = ParseSidecar(text);
  if (!after.ok()) return AnnotateWithPath(after.status(), options.sidecar);
  std::string change = "new baseline\n";
  const absl::StatusOr<std::vector<Evidence>> before =
      ReadBaselines({options.out});
  if (before.ok()) {
    change = DescribeBaselineChange(before->front(), *after);
  } else if (!absl::IsNotFound(before.status())) {
    change = absl::StrCat("the baseline before could not be read: ",
                          before.status().message(), "\n");
  }
  PEDIGREE_RETURN_IF_ERROR(
      WriteFileAtomically(options.out, StoredBaseline(text)));
  Print(absl::StrCat("baseline of suite ", after->record.suite().name(), ", ",
                     after->record.totals().passed(), " of ",
                     after->record.totals().cases(), " passed, ",
                     after->digest, "\n", change));
  return Outcome::kGood;
}

absl::StatusOr<std::map<std::string, std::string>> ParseNotes(
    const std::vector<std::string>& options) {
  std::map<std::string, std::string> notes;
  for (const std::string& option : options) {
    const std::pair<std::string, std::string> note =
        absl::StrSplit(option, absl::MaxSplits('=', 1));
    PEDIGREE_RETURN_IF_ERROR(CheckName("--note", "topic", note.first));
    if (!notes.insert(note).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid --note: two on \"", note.first, "\""));
    }
  }
  return notes;
}

absl::StatusOr<Outcome> ScorecardMake(const ScorecardOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Evidence> sidecars,
                            ReadSidecars(options.sidecars));
  PEDIGREE_ASSIGN_OR_RETURN(const auto notes, ParseNotes(options.notes));
  PEDIGREE_ASSIGN_OR_RETURN(const evaluator::Scorecard scorecard,
                            MakeScorecard(sidecars, notes));
  const std::string record = CanonicalRecord(scorecard);
  if (!options.out.empty()) {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, record));
    return Outcome::kGood;
  }
  Print(options.json ? absl::StrCat(record, "\n")
                     : ScorecardReport(scorecard));
  return Outcome::kGood;
}

absl::StatusOr<Suite> ReadSuite(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxSuiteBytes));
  absl::StatusOr<Suite> suite = ParseFrozenSuite(text);
  if (!suite.ok()) return AnnotateWithPath(suite.status(), path);
  return suite;
}

absl::StatusOr<std::vector<Suite>> ReadSuites(
    const std::vector<std::string>& paths) {
  std::vector<Suite> list;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(Suite suite, ReadSuite(path));
    list.push_back(std::move(suite));
  }
  return list;
}

absl::StatusOr<Outcome> SidecarMerge(const MergeOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const Suite suite, ReadSuite(options.suite));
  std::vector<Shard> shards;
  for (const std::string& path : options.shards) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxSidecarBytes));
    absl::StatusOr<Shard> shard = ParseShard(path, text);
    if (!shard.ok()) return AnnotateWithPath(shard.status(), path);
    shards.push_back(*std::move(shard));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::string sidecar,
                            MergeShards(std::move(shards), suite));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, sidecar));
  if (options.diagnostics.empty()) return Outcome::kGood;
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(sidecar, "sidecar"));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
      options.diagnostics, CanonicalJson(json.at("counted"))));
  return Outcome::kGood;
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
  PEDIGREE_ASSIGN_OR_RETURN(input.baselines, ReadBaselines(options.baselines));
  PEDIGREE_ASSIGN_OR_RETURN(input.suites, ReadSuites(options.suites));
  for (const std::string& path : options.observations) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                              ReadFile(path, kMaxRecordBytes));
    absl::StatusOr<Observed> observed = ParseObservation(text);
    if (!observed.ok()) return AnnotateWithPath(observed.status(), path);
    input.observations.push_back(*std::move(observed));
  }
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
  auto import_options = std::make_shared<ImportOptions>();
  CLI::App* import = command_line.Add(
      group, "import", "Make a case file of other programs' data",
      [import_options] { return SuiteImport(*import_options); });
  LmEvalOptions& lm_eval = import_options->lm_eval;
  import->add_option("FILE", import_options->files,
                     "samples that lm-evaluation-harness logged, or documents "
                     "of its tasks, JSON Lines")
      ->required();
  import->add_option("--format", import_options->format, "lm-eval")
      ->required();
  import->add_option("--out", import_options->out, "where the case file goes")
      ->required();
  import->add_option("--id-prefix", lm_eval.id_prefix,
                     "what ids begin with: the name of the task");
  AddRepeated(import, "--tag", lm_eval.tags, "a tag of all cases");
  import->add_option("--choice-scorer", lm_eval.choice_scorer,
                     "scorer of cases with choices: choice or "
                     "choice-normalized")
      ->capture_default_str();
  import->add_option("--text-scorer", lm_eval.text_scorer,
                     "scorer of generations: exact-match, prefix or contains")
      ->capture_default_str();
  import->add_option("--delimiter", lm_eval.delimiter,
                     "between a prompt and a target; default: a space");
  auto freeze_options = std::make_shared<SuiteOptions>();
  CLI::App* freeze = command_line.Add(
      group, "freeze", "Write the lock of a suite anew",
      [freeze_options] { return SuiteFreeze(*freeze_options); });
  AddSuiteOptions(freeze, *freeze_options);
}

void AddSidecarCommands(CommandLine& command_line) {
  CLI::App* group =
      command_line.Add(nullptr, "sidecar", "Work with evidence", nullptr);
  auto options = std::make_shared<MergeOptions>();
  CLI::App* merge = command_line.Add(
      group, "merge", "Make the sidecar of a run from those of all its shards",
      [options] { return SidecarMerge(*options); });
  merge->add_option("SHARD", options->shards, "what eval --shard wrote")
      ->required();
  merge->add_option("--suite", options->suite, "the frozen suite")->required();
  merge->add_option("--out", options->out, "where the sidecar goes")
      ->required();
  merge->add_option("--diagnostics", options->diagnostics,
                    "also write the counted diagnostics of the run there");
}

void AddBaselineCommands(CommandLine& command_line) {
  CLI::App* group = command_line.Add(nullptr, "baseline",
                                     "Keep evidence to compare with", nullptr);
  auto read_options = std::make_shared<BaselineOptions>();
  CLI::App* read = command_line.Add(
      group, "read", "Make a stored baseline a sidecar again",
      [read_options] { return BaselineRead(*read_options); });
  read->add_option("BASELINE", read_options->baseline, "the stored baseline")
      ->required();
  read->add_option("--suite-name", read_options->suite_name,
                   "refuse one of another suite");
  read->add_option("--out", read_options->out, "where the sidecar goes")
      ->required();
  auto options = std::make_shared<BaselineOptions>();
  CLI::App* update = command_line.Add(
      group, "update",
      "Store a sidecar as a baseline, one case a line, and say what changes",
      [options] { return BaselineUpdate(*options); });
  update->add_option("--sidecar", options->sidecar, "the evidence")
      ->required();
  update->add_option("--out", options->out, "the stored baseline")->required();
}

void AddScorecardCommand(CommandLine& command_line) {
  auto options = std::make_shared<ScorecardOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "scorecard", "Gather evidence on one model into its fitness",
      [options] { return ScorecardMake(*options); });
  AddRepeated(command, "--sidecar", options->sidecars,
              "evidence, one sidecar a suite", /*required=*/true);
  AddRepeated(command, "--note", options->notes,
              "TOPIC=TEXT that figures don't tell");
  command->add_option("--out", options->out,
                      "where the record goes; else a table is printed");
  command->add_flag("--json", options->json, "print the record");
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
  AddRepeated(gate, "--observation", options->observations,
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
  AddSidecarCommands(command_line);
  AddBaselineCommands(command_line);
  AddScorecardCommand(command_line);
  AddGateCommand(command_line);
  AddDecisionCommands(command_line);
}

}  // namespace pedigree
