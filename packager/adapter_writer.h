// The canonical writer of adapters. Specification: docs/formats/adapter.md.

#ifndef PEDIGREE_PACKAGER_ADAPTER_WRITER_H_
#define PEDIGREE_PACKAGER_ADAPTER_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// Deltas for every value of one tensor, row-major.
struct DenseDelta {
  TensorSpec tensor;
  std::vector<float> values;
};

// Deltas for some values of one tensor.
struct SparseDelta {
  TensorSpec tensor;
  // Of values of the tensor, row-major; strictly ascending.
  std::vector<uint32_t> indices;
  // One for each index.
  std::vector<float> values;
};

// scale * B A for one matrix [rows, columns].
struct LowRankDelta {
  TensorSpec tensor;
  uint32_t rank = 0;
  float scale = 1;
  // [rank, columns] and [rows, rank], row-major.
  std::vector<float> a;
  std::vector<float> b;
};

// The file's bytes, payloads in the order given (the parent's tensor order).
//
// Errors: those of AdapterReader::Parse, which judges what was written: no
// payload, a repeated tensor, a wrong count, order or rank, a value that is not
// finite.
absl::StatusOr<std::string> WriteAdp1(const ParentIdentity& parent,
                                      const std::vector<DenseDelta>& deltas);
absl::StatusOr<std::string> WriteAsp1(const ParentIdentity& parent,
                                      const std::vector<SparseDelta>& deltas);
absl::StatusOr<std::string> WriteAlr1(const ParentIdentity& parent,
                                      const std::vector<LowRankDelta>& deltas);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_ADAPTER_WRITER_H_
