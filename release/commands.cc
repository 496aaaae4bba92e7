#include "release/commands.h"

#include "release/archive/archive_commands.h"
#include "release/build_commands.h"
#include "release/claims/sign_command.h"
#include "release/claims/statement_commands.h"
#include "release/diff/commands.h"
#include "release/lineage/commands.h"
#include "release/rederive/commands.h"
#include "release/registry/commands.h"
#include "release/reproduction/commands.h"
#include "release/verify_commands.h"

namespace pedigree {

CLI::App* AddReleaseCommands(CommandLine& command_line) {
  CLI::App* packet = command_line.Add(
      nullptr, "packet", "Make, check and read release packets", nullptr);
  AddBuildCommands(command_line, packet);
  AddVerifyCommands(command_line, packet);
  AddArchiveCommands(command_line, packet);
  AddReproductionCommand(command_line, AddStatementCommands(command_line));
  AddSignCommand(command_line);
  AddDiffCommand(command_line, packet);
  AddRederiveCommand(command_line, packet);
  AddRegistryCommands(command_line);
  AddLineageCommand(command_line);
  return packet;
}

}  // namespace pedigree
