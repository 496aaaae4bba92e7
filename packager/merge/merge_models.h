// Merging whole models.

#ifndef PEDIGREE_PACKAGER_MERGE_MERGE_MODELS_H_
#define PEDIGREE_PACKAGER_MERGE_MERGE_MODELS_H_

#include <vector>

#include "packager/merge/merge_tensors.h"
#include "packager/store_source.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// The merge of `models`, which CheckSameLayout has passed, tensor by tensor.
// The first one is the base where the method has one. Borrows both.
ComputedModel MergeModels(const MergeSettings& settings,
                          const std::vector<SlmReader>& models);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MERGE_MERGE_MODELS_H_
