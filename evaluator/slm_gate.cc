// The evaluator's own command, run by its rules.

#include "evaluator/commands.h"
#include "runtime/base/command_line.h"

int main(int argc, char** argv) {
  pedigree::CommandLine command_line("slm_gate",
                                     "Freezes suites and judges evidence.");
  pedigree::AddEvaluatorCommands(command_line);
  return command_line.Run(argc, argv);
}
