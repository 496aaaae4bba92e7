// Root mean square normalisation. Specification: docs/numerics.md, "RMSNorm".

#ifndef PEDIGREE_RUNTIME_TENSOR_RMS_NORM_H_
#define PEDIGREE_RUNTIME_TENSOR_RMS_NORM_H_

#include "absl/types/span.h"

namespace pedigree {

// out[i] = (x[i] * (1 / sqrt(mean(x^2) + epsilon))) * weight[i].
//
// x, weight, out: shape [hidden_size], not empty; epsilon > 0. `out` may be
// `x`. Returns false, with `out` unspecified, when mean(x^2) is not finite.
// Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".
bool RmsNorm(absl::Span<const float> x, absl::Span<const float> weight,
             float epsilon, absl::Span<float> out);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_RMS_NORM_H_
