// `inspect`: what is in a file.

#ifndef PEDIGREE_RUNTIME_COMMANDS_INSPECT_COMMAND_H_
#define PEDIGREE_RUNTIME_COMMANDS_INSPECT_COMMAND_H_

#include <vector>

#include "runtime/base/command_line.h"
#include "runtime/commands/inspect.h"

namespace pedigree {

// Adds `inspect FILE [--json]`, which asks `inspectors` in turn and then
// InspectRuntimeFile.
void AddInspectCommand(CommandLine& command_line,
                       std::vector<Inspector> inspectors);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_INSPECT_COMMAND_H_
