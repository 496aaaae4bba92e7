// The subcommands that run or show models: generate, eval and inspect.

#ifndef PEDIGREE_RUNTIME_COMMANDS_COMMANDS_H_
#define PEDIGREE_RUNTIME_COMMANDS_COMMANDS_H_

#include <vector>

#include "runtime/base/command_line.h"
#include "runtime/commands/assembly_files.h"
#include "runtime/commands/inspect.h"

namespace pedigree {

// Adds them to `command_line`. `inspectors` know further kinds of files that
// `inspect` shall show; each is asked in turn before models and adapters.
// `find_siblings`, when there is one, lets generate and eval take receipts.
void AddRuntimeCommands(CommandLine& command_line,
                        std::vector<Inspector> inspectors = {},
                        SiblingFinder find_siblings = nullptr);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_COMMANDS_H_
