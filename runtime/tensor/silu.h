// The gate of SwiGLU. Specification: docs/numerics.md, "SwiGLU".

#ifndef PEDIGREE_RUNTIME_TENSOR_SILU_H_
#define PEDIGREE_RUNTIME_TENSOR_SILU_H_

#include "absl/types/span.h"
#include "runtime/tensor/math.h"

namespace pedigree {

// x / (1 + e^-x).
inline float Silu(float x) { return x / (1.0f + ExpF(-x)); }

// gate[i] = Silu(gate[i]) * up[i]; equal lengths.
// Source: Shazeer 2020, "GLU Variants Improve Transformer".
void SwiGlu(absl::Span<float> gate, absl::Span<const float> up);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_SILU_H_
