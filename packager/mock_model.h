// Mock models: weights of any shape from a seed, the same on every machine.
//
// Value i of a tensor is scale x u(i), where u comes from SplitMix64 (Steele,
// Lea and Flood 2014), all arithmetic modulo 2^64:
//
//   state = seed XOR FNV-1a-64(tensor name)
//   z     = state + (i + 1) x 0x9E3779B97F4A7C15
//   z     = (z XOR (z >> 30)) x 0xBF58476D1CE4E5B9
//   z     = (z XOR (z >> 27)) x 0x94D049BB133111EB
//   z     = z XOR (z >> 31)
//   u(i)  = ((z >> 40) - 2^23) / 2^23        24 bits, in [-1, 1), exact
//
// Products and sums are single operations in binary32, so anyone can make the
// same file again from the spec and these lines.

#ifndef PEDIGREE_PACKAGER_MOCK_MODEL_H_
#define PEDIGREE_PACKAGER_MOCK_MODEL_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/model_weights.h"

namespace pedigree {

// u(index) of the tensor `name`, above.
float MockUniform(uint64_t seed, std::string_view name, uint64_t index);

// The model that `spec_text`, a ModelSpec in text format, describes:
//
//   tok_embeddings.weight   embedding_scale x u
//   layers.*, rank 2        weight_scale x u
//   norms (rank 1)          1 + norm_scale x u
//   output.weight           output_scale x u, then the spec's sequences
//
// Errors: kInvalidArgument, naming the field.
absl::StatusOr<ModelWeights> MakeMockModel(std::string_view spec_text);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_MOCK_MODEL_H_
