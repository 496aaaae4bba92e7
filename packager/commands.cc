#include "packager/commands.h"

#include "packager/adapter_commands.h"
#include "packager/merge_command.h"
#include "packager/model_commands.h"
#include "packager/receipt_commands.h"
#include "packager/training_commands.h"

namespace pedigree {

void AddPackagerCommands(CommandLine& command_line) {
  AddModelCommands(command_line);
  AddMergeCommand(command_line);
  AddAdapterCommands(command_line);
  AddTrainingCommands(command_line);
  AddReceiptCommands(command_line);
}

}  // namespace pedigree
