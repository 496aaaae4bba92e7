// AVX2 with AVX-VNNI: an eighth of a block of sixteen rows an instruction.

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/scalar.h"
#include "runtime/kernels/x86_kernels.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,f16c,avxvnni"))), \
                             apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

#include "runtime/kernels/dot256-inl.h"

struct Dot : Dot256 {
  static constexpr size_t kStreams = 1;
  static constexpr bool kF32Apart = false;
  static constexpr int32_t kQ8Bias = 128;

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return LoadBytes(tile, 0x80);
  }
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const __m256i splat = Splat(x);
    sum.first = _mm256_dpbusd_avx_epi32(sum.first, w.first, splat);
    sum.second = _mm256_dpbusd_avx_epi32(sum.second, w.second, splat);
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    AddQ8(sum, w, x);
  }
};

#include "runtime/kernels/tiles-inl.h"

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kAvxVnni);

}  // namespace

const Kernels& AvxVnniKernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
