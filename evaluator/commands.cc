#include "evaluator/commands.h"

#include "evaluator/evidence_commands.h"
#include "evaluator/gate_commands.h"
#include "evaluator/suite_commands.h"

namespace pedigree {

void AddEvaluatorCommands(CommandLine& command_line) {
  AddSuiteCommands(command_line);
  AddEvidenceCommands(command_line);
  AddGateCommands(command_line);
}

}  // namespace pedigree
