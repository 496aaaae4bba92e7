#include "runtime/tensor/rope.h"

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/tensor/math.h"

namespace pedigree {

void RopeFrequencies(float theta, uint32_t head_dim,
                     absl::Span<double> frequencies) {
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent =
        -static_cast<double>(2 * i) / static_cast<double>(head_dim);
    frequencies[i] = Pow(static_cast<double>(theta), exponent);
  }
}

void RopeRow(uint32_t position, absl::Span<const double> frequencies,
             absl::Span<float> cosines, absl::Span<float> sines) {
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double angle = static_cast<double>(position) * frequencies[i];
    cosines[i] = static_cast<float>(Cos(angle));
    sines[i] = static_cast<float>(Sin(angle));
  }
}

void ApplyRope(absl::Span<float> head, absl::Span<const float> cosines,
               absl::Span<const float> sines) {
  for (size_t i = 0; i < cosines.size(); ++i) {
    const float even = head[2 * i];
    const float odd = head[2 * i + 1];
    head[2 * i] = even * cosines[i] - odd * sines[i];
    head[2 * i + 1] = even * sines[i] + odd * cosines[i];
  }
}

}  // namespace pedigree
