#include "runtime/tensor/softmax.h"

#include <algorithm>
#include <cstddef>

#include "absl/types/span.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/math.h"

namespace pedigree {

void Softmax(absl::Span<float> x) {
  const float largest = *std::max_element(x.begin(), x.end());
  float partial[kPartialSums] = {};
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = ExpF(x[i] - largest);
    partial[i % kPartialSums] += x[i];
  }
  const float inverse = 1.0f / FoldPartialSums(partial);
  for (float& value : x) value *= inverse;
}

}  // namespace pedigree
