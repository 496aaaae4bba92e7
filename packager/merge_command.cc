#include "packager/merge_command.h"

#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "packager/command_inputs.h"
#include "packager/merge/merge_recipe.h"
#include "packager/output_files.h"
#include "packager/package.h"
#include "packager/storage_report.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct MergeOptions {
  PackageOptions package;
  std::string recipe;
  // "NAME=FILE" each.
  std::vector<std::string> models;
  bool report = false;
};

// Where the models lie that a recipe names.
class ModelFinder {
 public:
  static absl::StatusOr<ModelFinder> Create(const MergeOptions& options) {
    ModelFinder finder;
    const size_t slash = options.recipe.rfind('/');
    if (slash != std::string::npos) {
      finder.folder_ = options.recipe.substr(0, slash + 1);
    }
    for (const std::string& option : options.models) {
      const size_t equals = option.find('=');
      if (equals == 0 || equals == std::string::npos) {
        return absl::InvalidArgumentError(absl::StrCat(
            "Invalid --model: \"", option, "\" (expected NAME=FILE)"));
      }
      finder.paths_[option.substr(0, equals)] = option.substr(equals + 1);
    }
    return finder;
  }

  // Marks the name as used.
  std::string Find(const std::string& name) {
    const auto path = paths_.find(name);
    if (path == paths_.end()) {
      return name[0] == '/' ? name : absl::StrCat(folder_, name);
    }
    used_.insert(name);
    return path->second;
  }

  // Errors: kInvalidArgument for a name that the recipe lacks.
  absl::Status CheckAllUsed() const {
    for (const auto& [name, path] : paths_) {
      if (used_.count(name) > 0) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid --model: the recipe has no \"", name, "\""));
    }
    return absl::OkStatus();
  }

 private:
  std::string folder_;  // of the recipe, with a slash at the end
  std::map<std::string, std::string> paths_;
  std::set<std::string> used_;
};

absl::StatusOr<Outcome> Merge(const MergeOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.recipe));
  absl::StatusOr<MergePlan> plan = ReadMergeRecipe(text);
  if (!plan.ok()) return AnnotateWithPath(plan.status(), options.recipe);
  PEDIGREE_ASSIGN_OR_RETURN(ModelFinder finder, ModelFinder::Create(options));
  MappedInputs inputs;
  std::vector<std::string> paths;
  if (!plan->base.empty()) {
    paths.push_back(finder.Find(plan->base));
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("base", paths.back()));
  }
  for (const std::string& model : plan->models) {
    paths.push_back(finder.Find(model));
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", paths.back()));
  }
  PEDIGREE_RETURN_IF_ERROR(finder.CheckAllUsed());
  PEDIGREE_ASSIGN_OR_RETURN(PackageRequest request,
                            MakeRequest("merge", options.package, inputs));
  request.config = plan->config;
  for (const std::string& path : paths) {
    PEDIGREE_RETURN_IF_ERROR(AddParentNode("", path, request));
  }
  packager::Receipt receipt;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageModel(request, &receipt));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  if (options.report) std::fputs(StorageReport(receipt).c_str(), stdout);
  return Outcome::kGood;
}

}  // namespace

void AddMergeCommand(CommandLine& command_line) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* command =
      command_line.Add(nullptr, "merge", "Merge models of one family",
                       [options] { return Merge(*options); });
  command
      ->add_option("recipe", options->recipe,
                   "Recipe: the method, its settings and its models")
      ->required();
  command->add_option("--model", options->models,
                      "NAME=FILE: where a model lies that the recipe names; "
                      "default: beside the recipe; may be repeated. Each needs "
                      "its FILE.node.json");
  AddReportOption(command, &options->report);
  AddPackageOptions(command, &options->package);
}

}  // namespace pedigree
