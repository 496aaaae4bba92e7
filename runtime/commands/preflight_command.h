// `preflight`: what running a model takes, from its header and directory alone.

#ifndef PEDIGREE_RUNTIME_COMMANDS_PREFLIGHT_COMMAND_H_
#define PEDIGREE_RUNTIME_COMMANDS_PREFLIGHT_COMMAND_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddPreflightCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_PREFLIGHT_COMMAND_H_
