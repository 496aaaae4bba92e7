// AVX2: 8-bit products by way of 16 bits.

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

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,f16c"))), \
                             apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

#include "runtime/kernels/dot256-inl.h"

struct Dot : Dot256 {
  static constexpr int32_t kQ8Bias = 0;

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return LoadBytes(tile, 0);
  }
  // Pairs of products stay below 2^15: 2 * 128 * 127.
  static PEDIGREE_VEC_INLINE __m256i AddProducts(__m256i sum, __m256i w,
                                                 __m256i x) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, x),
                                                   _mm256_set1_epi16(1)));
  }
  // Magnitudes of the weights times activations with the weights' signs.
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const __m256i splat = Splat(x);
    sum.first = AddProducts(sum.first, _mm256_abs_epi8(w.first),
                            _mm256_sign_epi8(splat, w.first));
    sum.second = AddProducts(sum.second, _mm256_abs_epi8(w.second),
                             _mm256_sign_epi8(splat, w.second));
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const __m256i splat = Splat(x);
    sum.first = AddProducts(sum.first, w.first, splat);
    sum.second = AddProducts(sum.second, w.second, splat);
  }
};

#include "runtime/kernels/tiles-inl.h"

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kAvx2);

}  // namespace

const Kernels& Avx2Kernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
