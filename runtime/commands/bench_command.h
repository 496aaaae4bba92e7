// `bench`: how fast a model runs here, against what the machine can do.

#ifndef PEDIGREE_RUNTIME_COMMANDS_BENCH_COMMAND_H_
#define PEDIGREE_RUNTIME_COMMANDS_BENCH_COMMAND_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddBenchCommand(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_BENCH_COMMAND_H_
