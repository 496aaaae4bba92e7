// The release stage's own command, run by its rules.

#include "release/commands.h"
#include "runtime/base/command_line.h"

int main(int argc, char** argv) {
  pedigree::CommandLine command_line("slm_packet",
                                     "Makes and checks release packets.");
  pedigree::AddReleaseCommands(command_line);
  return command_line.Run(argc, argv);
}
