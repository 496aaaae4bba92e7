#include "release/rederive/commands.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "absl/status/statusor.h"
#include "release/rederive/rederive.h"
#include "release/rederive/report.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Exit 3: nothing can be said of the packet. No other command has this outcome.
constexpr Outcome kCouldNotRun = static_cast<Outcome>(3);

struct CommandOptions {
  RederiveOptions rederive;
  std::string out;
  std::string statement;
};

absl::Status WriteIfAsked(const std::string& path, const Json& json) {
  if (path.empty()) return absl::OkStatus();
  return WriteFileAtomically(path, CanonicalJson(json));
}

Outcome OutcomeOf(RederiveVerdict verdict) {
  switch (verdict) {
    case RederiveVerdict::kGood:
      return Outcome::kGood;
    case RederiveVerdict::kBad:
      return Outcome::kBad;
    case RederiveVerdict::kCouldNotRun:
      break;
  }
  return kCouldNotRun;
}

absl::StatusOr<Outcome> RunRederive(const CommandOptions& options) {
  RederiveOptions asked = options.rederive;
  std::error_code error;
  if (asked.scratch.empty()) {
    asked.scratch = std::filesystem::temp_directory_path(error).string();
  }
  if (isatty(STDERR_FILENO)) {
    std::fprintf(stderr, "building %s in a clean place; this takes minutes\n",
                 asked.target.c_str());
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Rederivation rederivation, Rederive(asked));
  PEDIGREE_RETURN_IF_ERROR(
      WriteIfAsked(options.out, RederivationToJson(rederivation)));
  PEDIGREE_RETURN_IF_ERROR(
      WriteIfAsked(options.statement, RederivationStatement(rederivation)));
  std::printf("%s", DescribeRederivation(rederivation).c_str());
  return OutcomeOf(rederivation.verdict);
}

}  // namespace

void AddRederiveCommand(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<CommandOptions>();
  RederiveOptions& rederive = options->rederive;
  CLI::App* command = command_line.Add(
      packet, "rederive",
      "Build a packet again from source and compare; exit 1 when it differs, 3 "
      "when it cannot be built",
      [options] { return RunRederive(*options); });
  command->add_option("packet", rederive.packet, "The packet directory")
      ->required();
  command
      ->add_option("--source", rederive.source,
                   "Folder of the sources, with their bazelw")
      ->required();
  command->add_option("--target", rederive.target,
                      "The packet's target (default: //fixtures:packet)");
  command->add_option("--disk-cache", rederive.disk_cache,
                      "none; allowed, for the launcher's own; or a folder to "
                      "use and fill. Results of earlier builds are weaker "
                      "evidence (default: none)");
  command->add_option("--expected-source", rederive.expected_source,
                      "sha256:HEX, the source digest of the packet's sources");
  command->add_option("--expected-commit", rederive.expected_commit,
                      "The git commit of the packet's sources");
  command->add_option("--scratch", rederive.scratch,
                      "Folder for the clean build, several GB (default: that "
                      "for temporary files)");
  command->add_option("--out", options->out, "Write the report, JSON");
  command->add_option("--statement", options->statement,
                      "Write an unsigned in-toto Statement of the verdict");
}

}  // namespace pedigree
