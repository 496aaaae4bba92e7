// `pedigree lineage`: who descends from whom, as text, DOT, JSON or a page.
// Specification: docs/formats/registry.md, "Lineage".

#ifndef PEDIGREE_RELEASE_LINEAGE_COMMANDS_H_
#define PEDIGREE_RELEASE_LINEAGE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddLineageCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_COMMANDS_H_
