// The subcommands of `packet` that make packets: build, and the two steps that
// rules take instead, describe and assemble.

#ifndef PEDIGREE_RELEASE_BUILD_COMMANDS_H_
#define PEDIGREE_RELEASE_BUILD_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommands below `packet`.
void AddBuildCommands(CommandLine& command_line, CLI::App* packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_BUILD_COMMANDS_H_
