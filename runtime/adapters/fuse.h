// Adding a delta to a tensor. Specification: docs/numerics.md, "Adapters".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_FUSE_H_
#define PEDIGREE_RUNTIME_ADAPTERS_FUSE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// out[i] = value i of row `row` of `tensor` as f32, plus deltas[i].
//
// deltas, out: shape [columns]. `tensor_name` is for errors.
// Errors: code AdapterPayloadInvalid, with the first index whose sum is not
// finite.
absl::Status FuseRow(const TensorView& tensor, std::string_view tensor_name,
                     uint64_t row, absl::Span<const float> deltas,
                     absl::Span<float> out);

// FuseRow for every row. deltas, out: shape [rows * columns], row-major; `out`
// may be where `tensor`'s own f32 values lie.
absl::Status FuseTensor(const TensorView& tensor, std::string_view tensor_name,
                        absl::Span<const float> deltas, absl::Span<float> out);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_FUSE_H_
