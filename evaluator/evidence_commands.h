// `sidecar merge`, `baseline read`, `baseline update` and `scorecard`.

#ifndef PEDIGREE_EVALUATOR_EVIDENCE_COMMANDS_H_
#define PEDIGREE_EVALUATOR_EVIDENCE_COMMANDS_H_

#include "runtime/base/command_line.h"

namespace pedigree {

void AddEvidenceCommands(CommandLine& command_line);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_EVIDENCE_COMMANDS_H_
