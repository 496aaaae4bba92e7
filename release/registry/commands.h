// `pedigree registry ...`: the population of releases and the memory of every
// decision. Specification: docs/formats/registry.md, "Commands".

#ifndef PEDIGREE_RELEASE_REGISTRY_COMMANDS_H_
#define PEDIGREE_RELEASE_REGISTRY_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddRegistryCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_COMMANDS_H_
