// The subcommands of `packet` that read packets: verify, inspect, export,
// compare.

#ifndef PEDIGREE_RELEASE_VERIFY_COMMANDS_H_
#define PEDIGREE_RELEASE_VERIFY_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommands below `packet`.
void AddVerifyCommands(CommandLine& command_line, CLI::App* packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_VERIFY_COMMANDS_H_
