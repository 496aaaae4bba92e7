// Matrix times vector, in every storage type.
// Specification: docs/numerics.md, "Matrix products".

#ifndef PEDIGREE_RUNTIME_TENSOR_MAT_VEC_H_
#define PEDIGREE_RUNTIME_TENSOR_MAT_VEC_H_

#include "absl/types/span.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// An activation in the two forms that matrices of different types take.
struct Activation {
  absl::Span<const float> values;
  QuantizedActivation quantized;
};

// out[r] = dot(row r of `weights`, x). x: shape [columns]; out: shape [rows].
// A quantized matrix reads x.quantized, an f32 one x.values.
void MatVec(const TensorView& weights, const Activation& x,
            absl::Span<float> out);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_MAT_VEC_H_
