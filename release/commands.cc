#include "release/commands.h"

#include "release/archive/archive_commands.h"
#include "release/build_commands.h"
#include "release/verify_commands.h"

namespace pedigree {

void AddReleaseCommands(CommandLine& command_line) {
  CLI::App* packet = command_line.Add(
      nullptr, "packet", "Make, check and read release packets", nullptr);
  AddBuildCommands(command_line, packet);
  AddVerifyCommands(command_line, packet);
  AddArchiveCommands(command_line, packet);
}

}  // namespace pedigree
