#include "runtime/model/low_rank.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/tensor/dot.h"

namespace pedigree {
namespace {

// Row `row` of B.
absl::Span<const float> RowOfB(const LowRank& path, uint64_t row) {
  return path.b.subspan(static_cast<size_t>(row * path.rank), path.rank);
}

// Columns that LowRankRow sums side by side: a vector register or more.
constexpr size_t kTile = 16;

}  // namespace

void LowRankDown(const LowRank& path, absl::Span<const float> x,
                 absl::Span<float> h) {
  for (size_t k = 0; k < h.size(); ++k) {
    h[k] = DotF32(path.a.subspan(k * x.size(), x.size()), x);
  }
}

void LowRankUp(const LowRank& path, uint64_t first_row,
               absl::Span<const float> h, absl::Span<float> y) {
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] = y[i] + path.scale * DotF32(RowOfB(path, first_row + i), h);
  }
}

// A column of A is strided, so DotF32 would gather it value by value. These are
// the same sums, partial sum by partial sum, for a tile of columns at once.
void LowRankRow(const LowRank& path, uint64_t row, absl::Span<float> values) {
  const absl::Span<const float> b = RowOfB(path, row);
  for (size_t begin = 0; begin < values.size(); begin += kTile) {
    const size_t width = std::min(kTile, values.size() - begin);
    float partial[kPartialSums][kTile] = {};
    for (size_t k = 0; k < b.size(); ++k) {
      const float* a = &path.a[k * values.size() + begin];
      float* sums = partial[k % kPartialSums];
      for (size_t i = 0; i < width; ++i) sums[i] += b[k] * a[i];
    }
    for (int half = kPartialSums / 2; half > 0; half /= 2) {
      for (int j = 0; j < half; ++j) {
        for (size_t i = 0; i < width; ++i) {
          partial[j][i] += partial[j + half][i];
        }
      }
    }
    float* out = &values[begin];
    for (size_t i = 0; i < width; ++i) {
      out[i] = out[i] + path.scale * partial[0][i];
    }
  }
}

}  // namespace pedigree
