// From a model source to a `.slm` file, a few rows at a time.

#ifndef PEDIGREE_PACKAGER_STORE_SOURCE_H_
#define PEDIGREE_PACKAGER_STORE_SOURCE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/byte_sink.h"
#include "packager/model_facts.h"
#include "packager/model_source.h"
#include "packager/quantize.h"
#include "packager/storage_error.h"

namespace pedigree {

// A tensor that is not stored as asked, and why.
struct StorageException {
  std::string tensor;
  DType stored = DType::kF32;
  std::string reason;
};

// How far the values of a tensor are from those that it was quantised from.
struct StoredTensorError {
  std::string tensor;
  DType stored = DType::kF32;
  StorageError error;
};

// Told how many of the file's bytes are done.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

struct StoredSource {
  // `digest` is not set.
  ModelFacts facts;
  std::vector<StorageException> exceptions;  // in file order
  // Of tensors that were quantised, in file order; one whose source had that
  // storage is exact and not among them.
  std::vector<StoredTensorError> errors;
  // What the file holds as its checksum.
  uint64_t checksum = 0;
};

// How `tensor` is stored under `request`: a quantised source that has that
// storage already keeps its bits.
TensorStorageChoice ChooseSourceStorage(const TensorSpec& spec,
                                        const SourceTensor& tensor,
                                        const StorageRequest& request);

// A model whose values are computed a tensor at a time.
struct ComputedModel {
  ModelShape shape;
  std::string tokenizer_section;
  // The values of tensor i of CanonicalTensors(shape), row-major; asked for one
  // after the other.
  std::function<std::vector<float>(size_t)> values;
};

// Writes the `.slm` file of `source` to `sink`. At any time it holds a few
// megabytes of values and the scales of one tensor, and releases what it read
// of mapped files. `checksum` is SlmWriter's; `progress` may be null.
//
// Errors: kInvalidArgument for a shape, values or scales that no file may hold,
// with the source's path, tensor and index; those of CheckOverrides and of the
// sink.
absl::StatusOr<StoredSource> StoreSource(const ModelSource& source,
                                         const StorageRequest& request,
                                         ByteSink* sink,
                                         uint64_t checksum = 0,
                                         const Progress& progress = nullptr);

// The same of a computed model, of which it holds one tensor at a time.
//
// Errors: kInvalidArgument for a shape or values that no file may hold, with
// the tensor's name; those of CheckOverrides and of the sink.
absl::StatusOr<StoredSource> StoreComputed(const ComputedModel& model,
                                           const StorageRequest& request,
                                           ByteSink* sink,
                                           uint64_t checksum = 0,
                                           const Progress& progress = nullptr);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_STORE_SOURCE_H_
