// `compare`: how far a model's predictions are from its parent's.

#ifndef PEDIGREE_RUNTIME_COMMANDS_COMPARE_COMMAND_H_
#define PEDIGREE_RUNTIME_COMMANDS_COMPARE_COMMAND_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddCompareCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_COMPARE_COMMAND_H_
