// A whole model in f32, between an importer and the file.

#ifndef PEDIGREE_PACKAGER_MODEL_WEIGHTS_H_
#define PEDIGREE_PACKAGER_MODEL_WEIGHTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/quantize.h"
#include "packager/store_source.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// `tensors[i]` holds the values of CanonicalTensors(shape)[i], row-major.
struct ModelWeights {
  ModelShape shape;
  std::string tokenizer_section;
  std::vector<std::vector<float>> tensors;
};

struct StoredModel {
  std::string file_bytes;
  std::vector<StorageException> exceptions;  // in file order
};

// `weights` as a source that owns them.
//
// Errors: kInvalidArgument for counts that do not fit the shape.
absl::StatusOr<ModelSource> SourceOf(ModelWeights weights);

// The `.slm` file of `weights`.
//
// Errors: kInvalidArgument for a shape or values that no file may hold.
absl::StatusOr<StoredModel> StoreModel(ModelWeights weights,
                                       const StorageRequest& request);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MODEL_WEIGHTS_H_
