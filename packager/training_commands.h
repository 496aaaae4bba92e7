// The subcommands `train`, `adapter train` and `tokenizer train`.

#ifndef PEDIGREE_PACKAGER_TRAINING_COMMANDS_H_
#define PEDIGREE_PACKAGER_TRAINING_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "runtime/base/command_line.h"

namespace pedigree {

// Adds `train` and `tokenizer train` to `command_line`.
void AddTrainingCommands(CommandLine& command_line);

// Adds `train` to the group `adapter`.
void AddAdapterTrain(CommandLine& command_line, CLI::App* group);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_COMMANDS_H_
