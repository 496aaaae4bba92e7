// `packet diff`.

#ifndef PEDIGREE_RELEASE_DIFF_COMMANDS_H_
#define PEDIGREE_RELEASE_DIFF_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds the command to the group `packet`.
void AddDiffCommand(CommandLine& command_line, CLI::App* packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_COMMANDS_H_
