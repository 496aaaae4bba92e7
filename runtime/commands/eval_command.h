// `eval`: a frozen suite in, a sidecar out.

#ifndef PEDIGREE_RUNTIME_COMMANDS_EVAL_COMMAND_H_
#define PEDIGREE_RUNTIME_COMMANDS_EVAL_COMMAND_H_

#include "runtime/base/command_line.h"
#include "runtime/commands/assembly_files.h"

namespace pedigree {

// Adds `eval MODEL --suite=FILE --out=SIDECAR ...`. Cases that fail are a
// result: the command ends with 0 once the sidecar is written.
void AddEvalCommand(CommandLine& command_line, SiblingFinder find_siblings);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_EVAL_COMMAND_H_
