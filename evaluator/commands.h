// The evaluator's subcommands: suite, gate, decision.

#ifndef PEDIGREE_EVALUATOR_COMMANDS_H_
#define PEDIGREE_EVALUATOR_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the subcommands to `command_line`.
void AddEvaluatorCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_COMMANDS_H_
