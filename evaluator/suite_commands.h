// `suite build`, `suite freeze` and `suite import`.

#ifndef PEDIGREE_EVALUATOR_SUITE_COMMANDS_H_
#define PEDIGREE_EVALUATOR_SUITE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddSuiteCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_SUITE_COMMANDS_H_
