#include "packager/descend.h"

#include "packager/output_files.h"
#include "packager/package.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status AddAdapterManifests(const DescendOptions& options,
                                 PackageRequest& request) {
  std::vector<std::string> paths = options.adapter_manifests;
  if (paths.empty()) {
    for (const std::string& adapter : options.adapters) {
      paths.push_back(adapter + ".manifest.json");
    }
  }
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
    request.adapter_manifests.push_back(std::move(text));
  }
  return absl::OkStatus();
}

}  // namespace

void AddDescendOptions(CLI::App* command, DescendOptions* options) {
  command->add_option("model", options->model, "Parent model")->required();
  command->add_option("adapters", options->adapters, "Adapters, in order")
      ->required();
  command->add_option("--parent-node", options->parent_node,
                      "The parent's derivation node; default: "
                      "MODEL.node.json");
  command->add_option("--adapter-manifest", options->adapter_manifests,
                      "Manifest of each adapter, in order; default: "
                      "ADAPTER.manifest.json");
  AddPackageOptions(command, &options->package);
}

absl::StatusOr<Outcome> Descend(const std::string& operator_name,
                                const DescendOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", options.model));
  for (const std::string& adapter : options.adapters) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("adapter", adapter));
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      PackageRequest request,
      MakeRequest(operator_name, options.package, inputs));
  PEDIGREE_RETURN_IF_ERROR(
      AddParentNode(options.parent_node, options.model, request));
  PEDIGREE_RETURN_IF_ERROR(AddAdapterManifests(options, request));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageModel(request));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

}  // namespace pedigree
