// Looking for values that are not finite in bytes from a file.

#ifndef PEDIGREE_RUNTIME_FORMAT_FINITE_H_
#define PEDIGREE_RUNTIME_FORMAT_FINITE_H_

#include <cstdint>
#include <optional>

#include "runtime/base/bytes.h"

namespace pedigree {

// The index of the first NaN or infinity among the little-endian f32 values of
// `bytes`, which needs no alignment. A tail of less than 4 bytes is ignored.
std::optional<uint64_t> FindNonFinite(ByteSpan bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_FORMAT_FINITE_H_
