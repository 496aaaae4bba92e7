// The command `statement`: statements as they are before anybody signs.

#ifndef PEDIGREE_RELEASE_CLAIMS_STATEMENT_COMMANDS_H_
#define PEDIGREE_RELEASE_CLAIMS_STATEMENT_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

// Adds `statement make`, `statement describe` and `statement vsa`. Returns
// `statement`, to which others add theirs.
CLI::App* AddStatementCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_STATEMENT_COMMANDS_H_
