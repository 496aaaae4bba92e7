// The name of the arithmetic of training. Specification: docs/training.md.

#ifndef PEDIGREE_PACKAGER_TRAINING_TRAINING_NUMERICS_H_
#define PEDIGREE_PACKAGER_TRAINING_TRAINING_NUMERICS_H_

#include <string_view>

namespace pedigree {

// Changes with any bit of any trained weight.
inline constexpr std::string_view kTrainingNumericsVersion = "v1";

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TRAINING_NUMERICS_H_
