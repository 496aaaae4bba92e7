// The name of the arithmetic that this folder defines. Sidecars and release
// records carry it. Specification: docs/numerics.md.

#ifndef PEDIGREE_RUNTIME_TENSOR_NUMERICS_H_
#define PEDIGREE_RUNTIME_TENSOR_NUMERICS_H_

#include <string_view>

namespace pedigree {

inline constexpr std::string_view kNumericsVersion = "v1";

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TENSOR_NUMERICS_H_
