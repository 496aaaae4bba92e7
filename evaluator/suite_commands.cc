#include "evaluator/suite_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/files.h"
#include "evaluator/lm_eval_import.h"
#include "evaluator/suite_builder.h"
#include "evaluator/suite_lock.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

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

void AddSuiteOptions(CLI::App* command, SuiteOptions& options) {
  command->add_option("--name", options.name, "name of the suite")->required();
  command->add_option("--version", options.version, "version of the suite")
      ->required();
  command->add_option("--lock", options.lock, "the suite's lock")->required();
  command->add_option("FILE", options.files, "case files, JSON Lines")
      ->required();
}

}  // namespace

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
  import->add_option("--tag", lm_eval.tags, "a tag of all cases");
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

}  // namespace pedigree
