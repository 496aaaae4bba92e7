// `generate`: a prompt in, text out.

#ifndef PEDIGREE_RUNTIME_COMMANDS_GENERATE_COMMAND_H_
#define PEDIGREE_RUNTIME_COMMANDS_GENERATE_COMMAND_H_

#include "runtime/base/command_line.h"
#include "runtime/commands/assembly_files.h"

namespace pedigree {

// Adds `generate MODEL --prompt=TEXT --max-new-tokens=N ...`. The text goes to
// stdout as it comes, invalid UTF-8 replaced, with a final newline only where
// stdout is a terminal.
void AddGenerateCommand(CommandLine& command_line,
                        SiblingFinder find_siblings);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_GENERATE_COMMAND_H_
