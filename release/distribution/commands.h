// packet push and packet pull. Not among the release stage's own commands: only
// the user's program speaks to a network, never what the rules run.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_COMMANDS_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommands to `packet`, one of `command_line`.
void AddDistributionCommands(CommandLine& command_line, CLI::App* packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_COMMANDS_H_
