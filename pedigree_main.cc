// The user's command: every stage's subcommands in one program.

#include "evaluator/commands.h"
#include "experiment/commands.h"
#include "packager/commands.h"
#include "packager/siblings.h"
#include "release/commands.h"
#include "release/distribution/commands.h"
#include "release/inspect.h"
#include "runtime/base/command_line.h"
#include "runtime/commands/commands.h"

int main(int argc, char** argv) {
  pedigree::CommandLine command_line(
      "pedigree", "Reproducible releases of small language models.");
  pedigree::AddPackagerCommands(command_line);
  pedigree::AddRuntimeCommands(command_line, {pedigree::InspectPacketPath},
                               pedigree::FindSiblingsInFiles);
  pedigree::AddEvaluatorCommands(command_line);
  pedigree::AddExperimentCommand(command_line);
  pedigree::AddDistributionCommands(
      command_line, pedigree::AddReleaseCommands(command_line));
  return command_line.Run(argc, argv);
}
