#include "packager/adapter_commands.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/command_inputs.h"
#include "packager/descend.h"
#include "packager/output_files.h"
#include "packager/package.h"
#include "packager/siblings.h"
#include "packager/training_commands.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/model/model.h"

namespace pedigree {
namespace {

struct MakeOptions {
  PackageOptions package;
  std::string spec;
  std::string parent;
};

absl::StatusOr<Outcome> Make(const MakeOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("spec", options.spec));
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", options.parent));
  PEDIGREE_ASSIGN_OR_RETURN(
      const PackageRequest request,
      MakeRequest("adapter-spec", options.package, inputs));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageAdapter(request));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

struct ImportOptions {
  PackageOptions package;
  std::string format;
  std::vector<std::string> sources;
  std::string parent;
  std::string receipt;
};

// The file called `name` in the only folder of `sources`, or among its files.
absl::StatusOr<std::string> FindSource(const std::vector<std::string>& sources,
                                       const std::string& name) {
  std::error_code error;
  if (sources.size() == 1 &&
      std::filesystem::is_directory(sources.front(), error)) {
    return sources.front() + "/" + name;
  }
  for (const std::string& source : sources) {
    if (std::filesystem::path(source).filename() == name) return source;
  }
  return absl::NotFoundError(
      absl::StrCat("Missing input: no ", name, " among the sources"));
}

absl::StatusOr<Outcome> Import(const ImportOptions& options) {
  MappedInputs inputs;
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string config,
      FindSource(options.sources, "adapter_config.json"));
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("config", config));
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string weights,
      FindSource(options.sources, "adapter_model.safetensors"));
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("weights", weights));
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", options.parent));
  if (!options.receipt.empty()) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("receipt", options.receipt));
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      PackageRequest request,
      MakeRequest("adapter-import", options.package, inputs));
  request.config.set_format(options.format);
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageAdapter(request));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

struct DiffOptions {
  PackageOptions package;
  std::string parent;
  std::string child;
  std::string family = "ASP1";
};

absl::StatusOr<Outcome> Diff(const DiffOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", options.parent));
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("child", options.child));
  PEDIGREE_ASSIGN_OR_RETURN(
      PackageRequest request,
      MakeRequest("adapter-diff", options.package, inputs));
  request.config.set_format(options.family);
  packager::Receipt receipt;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageAdapter(request, &receipt));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  const packager::DifferenceNote& difference = receipt.difference();
  std::printf(
      "%llu values differ; %llu can't be reached exactly, by at most %s\n",
      static_cast<unsigned long long>(difference.changed_values()),
      static_cast<unsigned long long>(difference.inexact_values()),
      difference.largest_error().c_str());
  return Outcome::kGood;
}

struct CheckOptions {
  std::string adapter;
  std::string model;
  std::vector<std::string> receipts;
};

absl::StatusOr<Outcome> Check(const CheckOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile adapter_file,
                            MappedFile::Open(options.adapter));
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile model_file,
                            MappedFile::Open(options.model));
  auto model = Model::Load(model_file.bytes());
  if (!model.ok()) return AnnotateWithPath(model.status(), options.model);
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::vector<Sibling> siblings,
      FindSiblingsInFiles((*model)->digest(), options.receipts));
  ApplyOptions apply;
  apply.siblings = siblings;
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
      AdapterStack(**model).Validate(adapter_file.bytes(), apply),
      options.adapter));
  std::printf("adapter %s fits model %s\n",
              Sha256(adapter_file.bytes()).ToString().c_str(),
              (*model)->digest().ToString().c_str());
  return Outcome::kGood;
}

void AddMake(CommandLine& command_line, CLI::App* group) {
  auto options = std::make_shared<MakeOptions>();
  CLI::App* command =
      command_line.Add(group, "make", "Make an adapter from a spec",
                       [options] { return Make(*options); });
  command->add_option("spec", options->spec, "Adapter spec")->required();
  command->add_option("--parent", options->parent, "Parent model")->required();
  AddPackageOptions(command, &options->package);
}

void AddImport(CommandLine& command_line, CLI::App* group) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = command_line.Add(
      group, "import", "Make an adapter from one of another project",
      [options] { return Import(*options); });
  command
      ->add_option("source", options->sources,
                   "Folder of adapter_config.json and "
                   "adapter_model.safetensors, or these two files")
      ->required();
  command->add_option("--format", options->format, "peft")->required();
  command
      ->add_option("--parent", options->parent,
                   "Model imported from the checkpoint that the adapter was "
                   "trained on")
      ->required();
  command->add_option("--import-receipt", options->receipt,
                      "Receipt of that import: needed when the adapter changes "
                      "embeddings or output, whose rows the import renumbered");
  AddPackageOptions(command, &options->package);
}

void AddDiff(CommandLine& command_line, CLI::App* group) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* command = command_line.Add(
      group, "diff", "Make an adapter of the difference of two models",
      [options] { return Diff(*options); });
  command
      ->add_option("parent", options->parent, "Model that the adapter is for")
      ->required();
  command->add_option("child", options->child,
                      "Model of the same shape that it leads to")
      ->required();
  command->add_option("--family", options->family,
                      "ADP1, a delta for each value of a tensor, or ASP1, for "
                      "those that differ; default: ASP1");
  AddPackageOptions(command, &options->package);
}

void AddCheck(CommandLine& command_line, CLI::App* group) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = command_line.Add(
      group, "check", "Tell whether an adapter may be applied to a model",
      [options] { return Check(*options); });
  command->add_option("adapter", options->adapter, "Adapter")->required();
  command->add_option("--model", options->model, "Model")->required();
  command->add_option("--adapter-receipt", options->receipts,
                      "Receipt of quantize by which an adapter of a sibling "
                      "fits the model; may be given again");
}

void AddStack(CommandLine& command_line, CLI::App* group) {
  auto options = std::make_shared<DescendOptions>();
  CLI::App* command = command_line.Add(
      group, "stack", "Describe an unfused descendant: a model and adapters",
      [options] { return Descend("adapter", *options); });
  AddDescendOptions(command, options.get());
}

}  // namespace

void AddAdapterCommands(CommandLine& command_line) {
  CLI::App* group =
      command_line.Add(nullptr, "adapter",
                       "Make, train, import, check and stack adapters",
                       nullptr);
  AddMake(command_line, group);
  AddAdapterTrain(command_line, group);
  AddImport(command_line, group);
  AddDiff(command_line, group);
  AddCheck(command_line, group);
  AddStack(command_line, group);
}

}  // namespace pedigree
