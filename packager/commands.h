// The packager's subcommands: import, train, quantize, fuse, merge, adapter,
// tokenizer, receipt.

#ifndef PEDIGREE_PACKAGER_COMMANDS_H_
#define PEDIGREE_PACKAGER_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommands to `command_line`.
void AddPackagerCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_COMMANDS_H_
