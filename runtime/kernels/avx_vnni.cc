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

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,avxvnni"))), \
                             apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Dot {
  static constexpr size_t kTokens = 4;
  static constexpr size_t kTiles = 1;
  static constexpr size_t kF32Tokens = 1;
  static constexpr size_t kQueries = 4;
  static constexpr int32_t kQ8Bias = 128;
  static constexpr int32_t kQ4Bias = 8;

  // Rows 0 to 7 and 8 to 15.
  struct Pair {
    __m256i first;
    __m256i second;
  };
  using Weights = Pair;
  using Sum = Pair;

  static PEDIGREE_VEC_INLINE __m256i LoadHalf(const uint8_t* bytes,
                                              int flip) {
    return _mm256_xor_si256(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)),
        _mm256_set1_epi8(static_cast<char>(flip)));
  }
  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return {LoadHalf(tile, 0x80), LoadHalf(tile + 32, 0x80)};
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    const __m256i mask = _mm256_set1_epi8(0x0f);
    const Pair both = {LoadHalf(tile, 0x88), LoadHalf(tile + 32, 0x88)};
    low = {_mm256_and_si256(both.first, mask),
           _mm256_and_si256(both.second, mask)};
    high = {_mm256_and_si256(_mm256_srli_epi16(both.first, 4), mask),
            _mm256_and_si256(_mm256_srli_epi16(both.second, 4), mask)};
  }
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)};
  }
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, sizeof(four));
    const __m256i splat = _mm256_set1_epi32(four);
    sum.first = _mm256_dpbusd_avx_epi32(sum.first, w.first, splat);
    sum.second = _mm256_dpbusd_avx_epi32(sum.second, w.second, splat);
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    AddQ8(sum, w, x);
  }
  static PEDIGREE_VEC_INLINE I16 Finish(const Sum& sum) {
    return __builtin_bit_cast(I16, sum);
  }
};

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kAvxVnni);

}  // namespace

const Kernels& AvxVnniKernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
