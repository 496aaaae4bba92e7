// 64-bit Arm.

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include "packager/training/kernels/target_kernels.h"
#include "packager/training/kernels/training_kernels.h"
#include "runtime/tensor/math.h"

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Tile {
  static constexpr size_t kRows = 4;
  static constexpr size_t kVectors = 1;
};

#include "packager/training/kernels/training_kernels-inl.h"

}  // namespace

const TrainingKernels& NeonTrainingKernels() { return kKernels; }

}  // namespace pedigree

#endif  // defined(__aarch64__)
