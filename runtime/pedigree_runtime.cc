// The shipped native runtime: runs and shows models.

#include "runtime/base/command_line.h"
#include "runtime/commands/commands.h"

int main(int argc, char** argv) {
  pedigree::CommandLine command_line(
      "pedigree_runtime", "Runs small language models, bit for bit the same "
                          "everywhere");
  pedigree::AddRuntimeCommands(command_line);
  return command_line.Run(argc, argv);
}
