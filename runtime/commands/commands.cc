#include "runtime/commands/commands.h"

#include <utility>
#include <vector>

#include "runtime/base/command_line.h"
#include "runtime/commands/assembly_files.h"
#include "runtime/commands/bench_command.h"
#include "runtime/commands/compare_command.h"
#include "runtime/commands/eval_command.h"
#include "runtime/commands/generate_command.h"
#include "runtime/commands/inspect.h"
#include "runtime/commands/inspect_command.h"
#include "runtime/commands/preflight_command.h"

namespace pedigree {

void AddRuntimeCommands(CommandLine& command_line,
                        std::vector<Inspector> inspectors,
                        SiblingFinder find_siblings) {
  AddGenerateCommand(command_line, find_siblings);
  AddEvalCommand(command_line, std::move(find_siblings));
  AddCompareCommand(command_line);
  AddBenchCommand(command_line);
  AddPreflightCommand(command_line);
  AddInspectCommand(command_line, std::move(inspectors));
}

}  // namespace pedigree
