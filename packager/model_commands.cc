#include "packager/model_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/checkpoints/hf_files.h"
#include "packager/command_inputs.h"
#include "packager/descend.h"
#include "packager/output_files.h"
#include "packager/package.h"
#include "packager/storage_report.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct ImportOptions {
  PackageOptions package;
  StorageOptions storage;
  std::string format;
  std::vector<std::string> sources;
  std::string tokenizer;
  std::string family;
};

absl::Status AddHfInputs(const ImportOptions& options, MappedInputs& inputs) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<CheckpointFile> files,
                            FindHfFiles(options.sources, options.tokenizer));
  for (const CheckpointFile& file : files) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add(file.role, file.path));
  }
  return absl::OkStatus();
}

absl::Status AddImportInputs(const ImportOptions& options,
                             MappedInputs& inputs) {
  if (options.format == "hf") return AddHfInputs(options, inputs);
  const bool is_mock = options.format == "mock";
  if (options.format != "gguf" && options.format != "llama2c" && !is_mock) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid --format: \"", options.format,
                     "\" (expected hf, gguf, llama2c or mock)"));
  }
  if (options.sources.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid source: ", options.sources.size(),
                     " files (format ", options.format, " has one)"));
  }
  if (is_mock && !options.tokenizer.empty()) {
    return absl::InvalidArgumentError(
        "Unexpected --tokenizer: format mock has its own");
  }
  if (options.format == "llama2c" && options.tokenizer.empty()) {
    return absl::InvalidArgumentError(
        "Missing --tokenizer: format llama2c needs one");
  }
  PEDIGREE_RETURN_IF_ERROR(
      inputs.Add(is_mock ? "spec" : "checkpoint", options.sources[0]));
  if (options.tokenizer.empty()) return absl::OkStatus();
  return inputs.Add("tokenizer", options.tokenizer);
}

// Writes the result of `request`, and prints what quantising cost if asked to.
absl::StatusOr<Outcome> MakeModel(PackageRequest request, bool report) {
  packager::Receipt receipt;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageModel(std::move(request), &receipt));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  if (report) std::fputs(StorageReport(receipt).c_str(), stdout);
  return Outcome::kGood;
}

absl::StatusOr<Outcome> Import(const ImportOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(AddImportInputs(options, inputs));
  PEDIGREE_ASSIGN_OR_RETURN(PackageRequest request,
                            MakeRequest("import", options.package, inputs));
  request.config.set_format(options.format);
  PEDIGREE_RETURN_IF_ERROR(SetStorage(options.storage, request.config));
  request.base_family =
      options.family.empty() ? request.info.name : options.family;
  return MakeModel(std::move(request), options.storage.report);
}

void AddImport(CommandLine& command_line) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "import", "Make a model from a checkpoint or a mock spec",
      [options] { return Import(*options); });
  command
      ->add_option("source", options->sources,
                   "Checkpoint or spec; for hf a folder or its files")
      ->required();
  command
      ->add_option("--format", options->format, "hf, gguf, llama2c or mock")
      ->required();
  command->add_option("--tokenizer", options->tokenizer,
                      "Tokenizer file: needed for llama2c; for hf and gguf "
                      "instead of their own");
  command->add_option("--family", options->family,
                      "Family of the models derived from this one; default: "
                      "its name");
  AddStorageOptions(command, &options->storage);
  command->get_option("--dtype")->description(
      "Storage of matrices: f32, q8_0, q4_0, or source: quantised as the "
      "checkpoint is, else f32; default: f32");
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
  PEDIGREE_RETURN_IF_ERROR(SetStorage(options.storage, request.config));
  PEDIGREE_RETURN_IF_ERROR(
      AddParentNode(options.parent_node, options.model, request));
  return MakeModel(std::move(request), options.storage.report);
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
