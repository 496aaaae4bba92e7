#include "packager/model_commands.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "packager/command_inputs.h"
#include "packager/descend.h"
#include "packager/output_files.h"
#include "packager/package.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct ImportOptions {
  PackageOptions package;
  StorageOptions storage;
  std::string format;
  std::string source;
  std::string tokenizer;
  std::string family;
};

absl::Status AddImportInputs(const ImportOptions& options,
                             MappedInputs& inputs) {
  if (options.format != "llama2c" && options.format != "mock") {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid --format: \"", options.format,
                     "\" (expected llama2c or mock)"));
  }
  const bool takes_tokenizer = options.format == "llama2c";
  if (takes_tokenizer == options.tokenizer.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        takes_tokenizer ? "Missing" : "Unexpected", " --tokenizer: format ",
        options.format, takes_tokenizer ? " needs one" : " has its own"));
  }
  PEDIGREE_RETURN_IF_ERROR(
      inputs.Add(takes_tokenizer ? "checkpoint" : "spec", options.source));
  if (!takes_tokenizer) return absl::OkStatus();
  return inputs.Add("tokenizer", options.tokenizer);
}

absl::StatusOr<Outcome> Import(const ImportOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(AddImportInputs(options, inputs));
  PEDIGREE_ASSIGN_OR_RETURN(PackageRequest request,
                            MakeRequest("import", options.package, inputs));
  request.config.set_format(options.format);
  SetStorage(options.storage, request.config);
  request.base_family =
      options.family.empty() ? request.info.name : options.family;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageModel(request));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

void AddImport(CommandLine& command_line) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "import", "Make a model from a checkpoint or a mock spec",
      [options] { return Import(*options); });
  command->add_option("source", options->source, "Checkpoint or spec")
      ->required();
  command->add_option("--format", options->format, "llama2c or mock")
      ->required();
  command->add_option("--tokenizer", options->tokenizer,
                      "Tokenizer file of a llama2c checkpoint");
  command->add_option("--family", options->family,
                      "Family of the models derived from this one; default: "
                      "its name");
  AddStorageOptions(command, &options->storage);
  AddPackageOptions(command, &options->package);
}

struct QuantizeOptions {
  PackageOptions package;
  StorageOptions storage;
  std::string model;
  std::string parent_node;
};

absl::StatusOr<Outcome> Quantize(const QuantizeOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", options.model));
  PEDIGREE_ASSIGN_OR_RETURN(PackageRequest request,
                            MakeRequest("quantize", options.package, inputs));
  SetStorage(options.storage, request.config);
  PEDIGREE_RETURN_IF_ERROR(
      AddParentNode(options.parent_node, options.model, request));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageModel(request));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

void AddQuantize(CommandLine& command_line) {
  auto options = std::make_shared<QuantizeOptions>();
  CLI::App* command =
      command_line.Add(nullptr, "quantize", "Store a model in another dtype",
                       [options] { return Quantize(*options); });
  command->add_option("model", options->model, "Model")->required();
  command->add_option("--parent-node", options->parent_node,
                      "The model's derivation node; default: MODEL.node.json");
  AddStorageOptions(command, &options->storage);
  AddPackageOptions(command, &options->package);
  command->get_option("--dtype")->required();
}

void AddFuse(CommandLine& command_line) {
  auto options = std::make_shared<DescendOptions>();
  CLI::App* command =
      command_line.Add(nullptr, "fuse", "Fold adapters into their parent model",
                       [options] { return Descend("fuse", *options); });
  AddDescendOptions(command, options.get());
}

}  // namespace

void AddModelCommands(CommandLine& command_line) {
  AddImport(command_line);
  AddQuantize(command_line);
  AddFuse(command_line);
}

}  // namespace pedigree
