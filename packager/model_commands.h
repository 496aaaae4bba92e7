// The subcommands that make models: import, quantize, fuse.

#ifndef PEDIGREE_PACKAGER_MODEL_COMMANDS_H_
#define PEDIGREE_PACKAGER_MODEL_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddModelCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MODEL_COMMANDS_H_
