// The command `statement reproduction`.

#ifndef PEDIGREE_RELEASE_REPRODUCTION_COMMANDS_H_
#define PEDIGREE_RELEASE_REPRODUCTION_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds `reproduction` below `statement`.
void AddReproductionCommand(CommandLine& command_line, CLI::App* statement);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REPRODUCTION_COMMANDS_H_
