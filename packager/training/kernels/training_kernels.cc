#include "packager/training/kernels/training_kernels.h"

#include "packager/training/kernels/target_kernels.h"

namespace pedigree {

const TrainingKernels& FindTrainingKernels(Target target) {
  switch (target) {
#if defined(__x86_64__)
    case Target::kSse4:
      return Sse4TrainingKernels();
    case Target::kAvx2:
    case Target::kAvxVnni:
      return Avx2TrainingKernels();
    case Target::kAvx512:
    case Target::kAvx512Vnni:
    case Target::kAvx512Amx:
      return Avx512TrainingKernels();
#elif defined(__aarch64__)
    case Target::kNeonDot:
      return NeonTrainingKernels();
#endif
    default:
      return ScalarTrainingKernels();
  }
}

}  // namespace pedigree
