// The table of the Arm target. It may be used only where
// SupportedTargets() lists it.

#ifndef PEDIGREE_RUNTIME_KERNELS_NEON_KERNELS_H_
#define PEDIGREE_RUNTIME_KERNELS_NEON_KERNELS_H_

#include "runtime/kernels/kernels.h"

namespace pedigree {

const Kernels& NeonDotKernels();

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_NEON_KERNELS_H_
