#include "release/reproduction/commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "release/reproduction/reproduction.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct CommandOptions {
  std::string first;
  std::string second;
  std::vector<std::string> axes;
  std::vector<std::string> causes;
  std::string out;
};

absl::StatusOr<ArtifactList> ReadArtifactList(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseArtifactList(text, path);
}

absl::StatusOr<Outcome> RunReproduction(const CommandOptions& options) {
  Reproduction reproduction;
  PEDIGREE_ASSIGN_OR_RETURN(reproduction.first,
                            ReadArtifactList(options.first));
  PEDIGREE_ASSIGN_OR_RETURN(const ArtifactList second,
                            ReadArtifactList(options.second));
  for (const std::string& text : options.axes) {
    PEDIGREE_ASSIGN_OR_RETURN(ReproductionAxis axis, ParseAxis(text));
    reproduction.axes.push_back(std::move(axis));
  }
  reproduction.causes = options.causes;
  reproduction.differences = CompareArtifacts(reproduction.first, second);
  if (!options.out.empty()) {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
        options.out, CanonicalJson(ReproductionStatement(reproduction))));
  }
  std::printf("%s", DescribeReproduction(reproduction).c_str());
  return reproduction.reproduced() ? Outcome::kGood : Outcome::kBad;
}

}  // namespace

void AddReproductionCommand(CommandLine& command_line, CLI::App* statement) {
  auto options = std::make_shared<CommandOptions>();
  CLI::App* command = command_line.Add(
      statement, "reproduction",
      "Compare the artifacts of two builds; exit 1 when they differ",
      [options] { return RunReproduction(*options); });
  command
      ->add_option("first", options->first,
                   "What sha256sum printed of the first build's artifacts")
      ->required();
  command->add_option("second", options->second, "The same of the second")
      ->required();
  command->add_option("--axis", options->axes,
                      "NAME=FIRST=SECOND: what was different around the "
                      "builds; repeatable");
  command->add_option("--cause", options->causes,
                      "What makes them differ, in words; repeatable");
  command->add_option("--out", options->out, "The statement, unsigned");
}

}  // namespace pedigree
