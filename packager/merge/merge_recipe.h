// Merge recipes, and the operator's settings that they become.
// Specification: docs/formats/merge.md.

#ifndef PEDIGREE_PACKAGER_MERGE_MERGE_RECIPE_H_
#define PEDIGREE_PACKAGER_MERGE_MERGE_RECIPE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/merge/merge_tensors.h"
#include "packager/records.pb.h"

namespace pedigree {

// What a recipe asks for. Models are named as the recipe names them.
struct MergePlan {
  packager::OperatorConfig config;
  std::string base;  // empty when the method has none
  std::vector<std::string> models;
};

// Reads a recipe.
//
// Errors: kInvalidArgument for a text that is none, and where a setting is
// missing, out of its range or not one of the method's.
absl::StatusOr<MergePlan> ReadMergeRecipe(std::string_view text);

// Reads the settings of a merge of `model_count` models, the base not counted.
//
// Errors: kInvalidArgument as above, and for decimals that are not as
// FormatDecimal writes them.
absl::StatusOr<MergeSettings> ReadMergeConfig(
    const packager::MergeConfig& config, size_t model_count);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MERGE_MERGE_RECIPE_H_
