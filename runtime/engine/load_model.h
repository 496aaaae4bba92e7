// A model file's bytes become a model, each byte read as seldom as can be.

#ifndef PEDIGREE_RUNTIME_ENGINE_LOAD_MODEL_H_
#define PEDIGREE_RUNTIME_ENGINE_LOAD_MODEL_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/sha256.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

struct LoadedModel {
  std::unique_ptr<const Model> model;
  // Where weights were repacked.
  std::optional<PackedWeights> packed;

  const Weights& weights() const {
    return packed.has_value() ? packed->weights() : model->weights();
  }
};

// Hashes the file while it checks values and, with `repack` and where memory has
// room, repacks weights, with one thread more than the pool's when that has several.
// What is hashed and repacked is released at once: at the end, what is read where it
// lies is resident, and no more. A writable source is repacked where it lies; only
// matrices that have no room for it there are copied. `source` must outlive the
// model. With an
// `expected_digest`, nothing is read as a model before the file has shown to be that
// one.
//
// Errors: those of Model::Load; kFailedPrecondition for another digest than
// expected.
absl::StatusOr<LoadedModel> LoadModel(
    const ByteSource& source, bool repack,
    const std::optional<Digest>& expected_digest, ThreadPool* pool);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ENGINE_LOAD_MODEL_H_
