// The subcommand `experiment`.

#ifndef PEDIGREE_EXPERIMENT_COMMANDS_H_
#define PEDIGREE_EXPERIMENT_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommand `experiment` to `command_line`.
void AddExperimentCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_EXPERIMENT_COMMANDS_H_
