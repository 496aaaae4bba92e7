// The packager's own command, run by its rules.

#include "packager/commands.h"
#include "runtime/base/command_line.h"

int main(int argc, char** argv) {
  pedigree::CommandLine command_line("slm_pack",
                                     "Makes models, adapters and descendants.");
  pedigree::AddPackagerCommands(command_line);
  return command_line.Run(argc, argv);
}
