// The release stage's subcommands: packet build, describe, assemble, verify,
// inspect, export, compare.

#ifndef PEDIGREE_RELEASE_COMMANDS_H_
#define PEDIGREE_RELEASE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommand `packet` to `command_line` and returns it, for subcommands
// from elsewhere.
CLI::App* AddReleaseCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_COMMANDS_H_
