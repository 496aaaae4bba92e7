// The subcommand `merge`.

#ifndef PEDIGREE_PACKAGER_MERGE_COMMAND_H_
#define PEDIGREE_PACKAGER_MERGE_COMMAND_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddMergeCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MERGE_COMMAND_H_
