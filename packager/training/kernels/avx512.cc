// AVX-512, with and without VNNI.

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include "packager/training/kernels/target_kernels.h"
#include "packager/training/kernels/training_kernels.h"
#include "runtime/tensor/math.h"

#pragma clang attribute push(                                               \
    __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl"))), \
    apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Tile {
  static constexpr size_t kRows = 6;
  static constexpr size_t kVectors = 4;
};

#include "packager/training/kernels/training_kernels-inl.h"

}  // namespace

const TrainingKernels& Avx512TrainingKernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
