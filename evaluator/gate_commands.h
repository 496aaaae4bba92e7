// `gate` and `decision show`.

#ifndef PEDIGREE_EVALUATOR_GATE_COMMANDS_H_
#define PEDIGREE_EVALUATOR_GATE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddGateCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_GATE_COMMANDS_H_
