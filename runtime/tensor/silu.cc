#include "runtime/tensor/silu.h"

#include <cstddef>

#include "absl/types/span.h"

namespace pedigree {

void SwiGlu(absl::Span<float> gate, absl::Span<const float> up) {
  for (size_t i = 0; i < gate.size(); ++i) gate[i] = Silu(gate[i]) * up[i];
}

}  // namespace pedigree
