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

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2"))), \
                             apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Dot {
  static constexpr size_t kTokens = 4;
  static constexpr size_t kTiles = 1;
  static constexpr size_t kF32Tokens = 1;
  static constexpr size_t kQueries = 4;
  static constexpr int32_t kQ8Bias = 0;
  static constexpr int32_t kQ4Bias = 8;

  // Rows 0 to 7 and 8 to 15: q8_0 as stored, q4_0 plus 8.
  struct Pair {
    __m256i first;
    __m256i second;
  };
  using Weights = Pair;
  using Sum = Pair;

  static PEDIGREE_VEC_INLINE __m256i LoadHalf(const uint8_t* bytes) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  }
  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return {LoadHalf(tile), LoadHalf(tile + 32)};
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    const __m256i mask = _mm256_set1_epi8(0x0f);
    const __m256i flip = _mm256_set1_epi8(static_cast<char>(0x88));
    const __m256i first = _mm256_xor_si256(LoadHalf(tile), flip);
    const __m256i second = _mm256_xor_si256(LoadHalf(tile + 32), flip);
    low = {_mm256_and_si256(first, mask), _mm256_and_si256(second, mask)};
    high = {_mm256_and_si256(_mm256_srli_epi16(first, 4), mask),
            _mm256_and_si256(_mm256_srli_epi16(second, 4), mask)};
  }
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)};
  }
  // Pairs of products stay below 2^15: 2 * 128 * 127.
  static PEDIGREE_VEC_INLINE __m256i AddProducts(__m256i sum, __m256i w,
                                                 __m256i x) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, x),
                                                   _mm256_set1_epi16(1)));
  }
  static PEDIGREE_VEC_INLINE __m256i Splat(const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, sizeof(four));
    return _mm256_set1_epi32(four);
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
  static PEDIGREE_VEC_INLINE I16 Finish(const Sum& sum) {
    return __builtin_bit_cast(I16, sum);
  }
};

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kAvx2);

}  // namespace

const Kernels& Avx2Kernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
