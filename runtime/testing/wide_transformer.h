// A second reading of "Model type 1" (docs/formats/slm.md), as far from the
// runtime's as can be: all positions at once, in binary64, with libm, without a
// cache, on dequantized weights and unquantized activations.

#ifndef PEDIGREE_RUNTIME_TESTING_WIDE_TRANSFORMER_H_
#define PEDIGREE_RUNTIME_TESTING_WIDE_TRANSFORMER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/weights.h"

namespace pedigree {

// The logits behind each of `tokens`, [tokens.size()][vocab_size]. Side paths of
// `weights` are not looked at.
std::vector<std::vector<double>> WideLogits(const ModelShape& shape,
                                            const Weights& weights,
                                            absl::Span<const uint32_t> tokens);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TESTING_WIDE_TRANSFORMER_H_
