// AVX-512 without VNNI: 8-bit products by way of 16 bits.

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

#pragma clang attribute push(                                               \
    __attribute__((                                                         \
        target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl"))),       \
    apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

#include "runtime/kernels/dot512-inl.h"

struct Dot : Dot512 {
  static constexpr size_t kTokens = 4;
  static constexpr int32_t kQ8Bias = 0;

  // q8_0: magnitudes, and which weights are negative. q4_0: weight + 8.
  struct Weights {
    __m512i unsigned_values;
    __mmask64 negative;
  };

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    const __m512i w = _mm512_loadu_si512(tile);
    return {_mm512_abs_epi8(w), _mm512_movepi8_mask(w)};
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    low.negative = high.negative = 0;
    LoadNibbles(tile, low.unsigned_values, high.unsigned_values);
  }
  // A block of q4_0 is summed in 16 bits, as by AVX2.
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    return kQ4 ? _mm512_set1_epi16(static_cast<int16_t>(value / 2))
               : _mm512_set1_epi32(value);
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE I16 Finish(Sum sum) {
    return __builtin_bit_cast(I16, kQ4 ? Widen(sum) : sum);
  }
  // Sums of pairs of 16-bit integers.
  static PEDIGREE_VEC_INLINE __m512i Widen(__m512i pairs) {
    return _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
  }
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const __m512i plain = Splat(x);
    const __m512i x_signed = _mm512_mask_sub_epi8(
        plain, w.negative, _mm512_setzero_si512(), plain);
    // Pairs of products stay below 2^15: 2 * 128 * 127.
    sum = _mm512_add_epi32(
        sum, Widen(_mm512_maddubs_epi16(w.unsigned_values, x_signed)));
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    sum = _mm512_add_epi16(sum,
                           _mm512_maddubs_epi16(w.unsigned_values, Splat(x)));
  }
};

#include "runtime/kernels/tiles-inl.h"

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kAvx512);

}  // namespace

const Kernels& Avx512Kernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
