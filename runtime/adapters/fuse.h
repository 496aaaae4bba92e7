// Adding an adapter's payload to a tensor. Specification: docs/numerics.md,
// "Adapters".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_FUSE_H_
#define PEDIGREE_RUNTIME_ADAPTERS_FUSE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/model/weights.h"

namespace pedigree {

// values[i] = values[i] plus the delta that `payload`, dense or sparse, has for
// value i of row `row`; where it has none, values[i] stays.
//
// values: the row as f32, shape [columns].
void AddDeltas(const AdapterPayload& payload, uint64_t row,
               absl::Span<float> values);

// Checks that every value of tensor `index` stays finite when `payload`, of the
// same shape, is put on top and all is folded in: the f32 value, the deltas,
// then the side paths in order. Changes nothing. `tensor_name` is for errors.
//
// Errors: code AdapterPayloadInvalid, with the first value that is not finite.
absl::Status CheckFused(const Weights& weights, int index,
                        std::string_view tensor_name,
                        const AdapterPayload& payload);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_FUSE_H_
