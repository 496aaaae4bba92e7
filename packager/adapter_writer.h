// The canonical writer of ADP1 adapters. Specification:
// docs/formats/adapter.md.

#ifndef PEDIGREE_PACKAGER_ADAPTER_WRITER_H_
#define PEDIGREE_PACKAGER_ADAPTER_WRITER_H_

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

// The file's bytes, payloads in the order given (the parent's tensor order).
//
// Errors: kInvalidArgument for a wrong count, a repeated tensor or a value
// that is not finite.
absl::StatusOr<std::string> WriteAdp1(const ParentIdentity& parent,
                                      const std::vector<DenseDelta>& deltas);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_ADAPTER_WRITER_H_
