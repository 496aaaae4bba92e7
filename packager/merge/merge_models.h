// Merging whole models.

#ifndef PEDIGREE_PACKAGER_MERGE_MERGE_MODELS_H_
#define PEDIGREE_PACKAGER_MERGE_MERGE_MODELS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "packager/merge/merge_tensors.h"
#include "packager/model_weights.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// The merge of `models`, which CheckSameLayout has passed, tensor by tensor,
// stored as `request` says. The first one is the base where the method has one.
//
// Errors: kInvalidArgument for a value that no file may hold, with its tensor.
absl::StatusOr<StoredModel> MergeModels(const MergeSettings& settings,
                                        const std::vector<SlmReader>& models,
                                        const StorageRequest& request);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MERGE_MERGE_MODELS_H_
