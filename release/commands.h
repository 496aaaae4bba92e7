// The release stage's subcommands: packet build, describe, assemble, verify,
// inspect, export, compare; statement make, describe, vsa, reproduction; sign.

#ifndef PEDIGREE_RELEASE_COMMANDS_H_
#define PEDIGREE_RELEASE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommands `packet`, `statement` and `sign` to `command_line`. Returns
// `packet`, for subcommands from elsewhere.
CLI::App* AddReleaseCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_COMMANDS_H_
