#include "runtime/tensor/rms_norm.h"

#include <cstddef>

#include "absl/types/span.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/math.h"

namespace pedigree {

bool RmsNorm(absl::Span<const float> x, absl::Span<const float> weight,
             float epsilon, absl::Span<float> out) {
  const float mean = DotF32(x, x) / static_cast<float>(x.size());
  if (!IsFinite(mean)) return false;
  const float scale = 1.0f / SqrtF(mean + epsilon);
  for (size_t i = 0; i < x.size(); ++i) out[i] = (x[i] * scale) * weight[i];
  return true;
}

}  // namespace pedigree
