// The subcommand `receipt verify`.

#ifndef PEDIGREE_PACKAGER_RECEIPT_COMMANDS_H_
#define PEDIGREE_PACKAGER_RECEIPT_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddReceiptCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_RECEIPT_COMMANDS_H_
