// The difference of two models as an adapter.

#ifndef PEDIGREE_PACKAGER_ADAPTER_DIFF_H_
#define PEDIGREE_PACKAGER_ADAPTER_DIFF_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

struct DifferenceFigures {
  uint64_t changed_values = 0;
  // Of those, how many no delta reaches, since the sum of the parent's value
  // and the delta is rounded; and the most that one is off by.
  uint64_t inexact_values = 0;
  float largest_error = 0;
};

struct AdapterDiff {
  std::string adapter;
  DifferenceFigures figures;
};

// The adapter that makes `parent` compute with the values of `child`, both
// dequantised; tensors without a difference are left out. `kind` is kDense or
// kSparse. A delta is the difference, or a neighbour of it that reaches the
// child's value exactly.
//
// Errors: those of CheckSameLayout; kInvalidArgument when there is no
// difference, or one that binary32 can't hold.
absl::StatusOr<AdapterDiff> DiffModels(const SlmReader& parent,
                                       const Digest& parent_digest,
                                       const SlmReader& child,
                                       AdapterKind kind);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_ADAPTER_DIFF_H_
