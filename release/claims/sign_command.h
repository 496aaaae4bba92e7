// The command `sign`.

#ifndef PEDIGREE_RELEASE_CLAIMS_SIGN_COMMAND_H_
#define PEDIGREE_RELEASE_CLAIMS_SIGN_COMMAND_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddSignCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_CLAIMS_SIGN_COMMAND_H_
