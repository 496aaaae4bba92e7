// A low-rank change of a matrix, and its arithmetic beside the matrix, written
// plainly: what forward passes do with kernels is held against LowRankDown and
// LowRankUp. Specification: docs/numerics.md, "Adapters".

#ifndef PEDIGREE_RUNTIME_MODEL_LOW_RANK_H_
#define PEDIGREE_RUNTIME_MODEL_LOW_RANK_H_

#include <cstdint>

#include "absl/types/span.h"

namespace pedigree {

// scale * B A, to be added to a matrix W [rows, columns]. Borrows the factors.
struct LowRank {
  // A, shape [rank, columns], and B, shape [rows, rank]; row-major.
  absl::Span<const float> a;
  absl::Span<const float> b;
  // At least 1.
  uint32_t rank = 0;
  float scale = 1;
};

// h = A x: h[k] is the strided sum over the columns of A[k][i] * x[i].
//
// x: shape [columns], as it is before any quantization. h: shape [rank]; it is
// for the caller to check that it is finite.
// Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
void LowRankDown(const LowRank& path, absl::Span<const float> x,
                 absl::Span<float> h);

// y[i] = y[i] + scale * (the strided sum over k of B[first_row + i][k] * h[k]).
//
// y: those rows of W x from `first_row` on that it has place for.
void LowRankUp(const LowRank& path, uint64_t first_row,
               absl::Span<const float> h, absl::Span<float> y);

// values[i] = values[i] + scale * (the strided sum over k of
// B[row][k] * A[k][i]): one row of W + scale * B A.
//
// values: row `row` of W in f32, shape [columns].
void LowRankRow(const LowRank& path, uint64_t row, absl::Span<float> values);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_LOW_RANK_H_
