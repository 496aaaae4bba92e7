#include "evaluator/evidence_commands.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "evaluator/baseline.h"
#include "evaluator/files.h"
#include "evaluator/scorecard.h"
#include "evaluator/shards.h"
#include "evaluator/sidecar.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

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
  command
      ->add_option("--sidecar", options->sidecars,
                   "evidence, one sidecar a suite")
      ->required();
  command->add_option("--note", options->notes,
                      "TOPIC=TEXT that figures don't tell");
  command->add_option("--out", options->out,
                      "where the record goes; else a table is printed");
  command->add_flag("--json", options->json, "print the record");
}

}  // namespace

void AddEvidenceCommands(CommandLine& command_line) {
  AddSidecarCommands(command_line);
  AddBaselineCommands(command_line);
  AddScorecardCommand(command_line);
}

}  // namespace pedigree
