// The rules for stored values, which reader and writer share.
// Specification: docs/formats/slm.md "Storage types".

#ifndef PEDIGREE_RUNTIME_FORMAT_SLM_VALUES_H_
#define PEDIGREE_RUNTIME_FORMAT_SLM_VALUES_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// Checks that the f32 values of `payload` are finite. `first_index` is the
// index in the tensor of the first of them.
//
// Errors: code InvalidTensorDirectory, naming the tensor, the value and its
// index.
absl::Status CheckF32Values(std::string_view tensor, ByteSpan payload,
                            uint64_t first_index = 0);

// Checks that the scales of a q8_0 tensor are finite and positive, those of a
// q4_0 tensor finite and nonzero. Errors as CheckF32Values.
absl::Status CheckScales(std::string_view tensor, DType dtype,
                         absl::Span<const float> scales,
                         uint64_t first_index = 0);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_FORMAT_SLM_VALUES_H_
