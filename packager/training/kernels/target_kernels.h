// The table of each instruction set. Each may be used only where
// SupportedTargets() lists it.

#ifndef PEDIGREE_PACKAGER_TRAINING_KERNELS_TARGET_KERNELS_H_
#define PEDIGREE_PACKAGER_TRAINING_KERNELS_TARGET_KERNELS_H_

#include "packager/training/kernels/training_kernels.h"

namespace pedigree {

const TrainingKernels& ScalarTrainingKernels();
const TrainingKernels& Sse4TrainingKernels();
const TrainingKernels& Avx2TrainingKernels();
const TrainingKernels& Avx512TrainingKernels();
const TrainingKernels& NeonTrainingKernels();

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_KERNELS_TARGET_KERNELS_H_
