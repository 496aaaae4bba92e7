// The subcommands of `adapter`: make, check, stack.

#ifndef PEDIGREE_PACKAGER_ADAPTER_COMMANDS_H_
#define PEDIGREE_PACKAGER_ADAPTER_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddAdapterCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_ADAPTER_COMMANDS_H_
