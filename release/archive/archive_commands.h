// The commands `packet pack` and `packet unpack`.

#ifndef PEDIGREE_RELEASE_ARCHIVE_ARCHIVE_COMMANDS_H_
#define PEDIGREE_RELEASE_ARCHIVE_ARCHIVE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds them below `packet`.
void AddArchiveCommands(CommandLine& command_line, CLI::App* packet);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_ARCHIVE_COMMANDS_H_
