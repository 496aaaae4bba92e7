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
  static constexpr size_t kStreams = 4;
  static constexpr bool kF32Apart = true;
  static constexpr int32_t kQ8Bias = 0;

  // A block of q4_0 is summed in 16 bits, a row's even and odd pairs of columns
  // apart, each with half the bias. What is left in the end of a weight w of 0 to
  // 15 and of the other half's bias is at most 16 * 127 * (|w - 4| + 4) = 30480;
  // on the way sums may wrap.
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    if constexpr (!kQ4) return Dot256::Start<false>(value);
    const __m256i half = _mm256_set1_epi16(static_cast<int16_t>(value / 2));
    return {half, half};
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE I16 Finish(const Sum& sum) {
    if constexpr (!kQ4) return Dot256::Finish<false>(sum);
    return Dot256::Finish<false>({Widen(sum.first), Widen(sum.second)});
  }

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return LoadBytes(tile, 0);
  }
  // Sums of pairs of 16-bit integers.
  static PEDIGREE_VEC_INLINE __m256i Widen(__m256i pairs) {
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
  // Pairs of products stay below 2^15: 2 * 128 * 127.
  static PEDIGREE_VEC_INLINE __m256i AddProducts(__m256i sum, __m256i w,
                                                 __m256i x) {
    return _mm256_add_epi32(sum, Widen(_mm256_maddubs_epi16(w, x)));
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
    sum.first =
        _mm256_add_epi16(sum.first, _mm256_maddubs_epi16(w.first, splat));
    sum.second =
        _mm256_add_epi16(sum.second, _mm256_maddubs_epi16(w.second, splat));
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
