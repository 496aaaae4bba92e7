// Rotary position embedding on adjacent pairs.
// Specification: docs/numerics.md, "RoPE".

#ifndef PEDIGREE_RUNTIME_TENSOR_ROPE_H_
#define PEDIGREE_RUNTIME_TENSOR_ROPE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace pedigree {

// frequencies[i] = theta^(-2i / head_dim) in binary64, i < head_dim / 2.
void RopeFrequencies(float theta, uint32_t head_dim,
                     absl::Span<double> frequencies);

// The table row of one position: cosines and sines of position *
// frequencies[i], computed in binary64 and stored as binary32. `position` is
// at most kMaxAngle.
void RopeRow(uint32_t position, absl::Span<const double> frequencies,
             absl::Span<float> cosines, absl::Span<float> sines);

// Turns each pair (x[2i], x[2i + 1]) of one head by its angle.
// Source: Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position
// Embedding".
void ApplyRope(absl::Span<float> head, absl::Span<const float> cosines,
               absl::Span<const float> sines);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_ROPE_H_
