// SSE4.1, what every x86-64 machine of the last fifteen years has.

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

#pragma clang attribute push(__attribute__((target("sse4.1"))), \
                             apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Dot {
  static constexpr size_t kTokens = 2;
  static constexpr size_t kTiles = 1;
  static constexpr size_t kStreams = 1;
  static constexpr bool kF32Apart = true;
  static constexpr size_t kF32Tokens = 2;
  static constexpr size_t kF32Lanes = 4;
  static constexpr size_t kQueries = 2;
  static constexpr size_t kKeyBlocks = 1;
  static constexpr size_t kValueVectors = 1;
  static constexpr int32_t kQ8Bias = 0;
  static constexpr int32_t kQ4Bias = 8;

  // Four rows a register: q8_0 as stored, q4_0 plus 8.
  struct Quarters {
    __m128i rows[4];
  };
  using Weights = Quarters;
  using Sum = Quarters;

  static PEDIGREE_VEC_INLINE __m128i LoadQuarter(const uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  }
  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return {{LoadQuarter(tile), LoadQuarter(tile + 16), LoadQuarter(tile + 32),
             LoadQuarter(tile + 48)}};
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    const __m128i mask = _mm_set1_epi8(0x0f);
    const __m128i flip = _mm_set1_epi8(static_cast<char>(0x88));
    for (size_t i = 0; i < 4; ++i) {
      const __m128i both = _mm_xor_si128(LoadQuarter(tile + 16 * i), flip);
      low.rows[i] = _mm_and_si128(both, mask);
      high.rows[i] = _mm_and_si128(_mm_srli_epi16(both, 4), mask);
    }
  }
  // A block of q4_0 is summed in 16 bits, as by AVX2.
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    const __m128i splat =
        kQ4 ? _mm_set1_epi16(static_cast<int16_t>(value / 2))
            : _mm_set1_epi32(value);
    return {{splat, splat, splat, splat}};
  }
  // Sums of pairs of 16-bit integers.
  static PEDIGREE_VEC_INLINE __m128i Widen(__m128i pairs) {
    return _mm_madd_epi16(pairs, _mm_set1_epi16(1));
  }
  // Pairs of products stay below 2^15: 2 * 128 * 127.
  static PEDIGREE_VEC_INLINE __m128i AddProducts(__m128i sum, __m128i w,
                                                 __m128i x) {
    return _mm_add_epi32(sum, Widen(_mm_maddubs_epi16(w, x)));
  }
  static PEDIGREE_VEC_INLINE __m128i Splat(const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, sizeof(four));
    return _mm_set1_epi32(four);
  }
  // Magnitudes of the weights times activations with the weights' signs.
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const __m128i splat = Splat(x);
    for (size_t i = 0; i < 4; ++i) {
      sum.rows[i] = AddProducts(sum.rows[i], _mm_abs_epi8(w.rows[i]),
                                _mm_sign_epi8(splat, w.rows[i]));
    }
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const __m128i splat = Splat(x);
    for (size_t i = 0; i < 4; ++i) {
      sum.rows[i] =
          _mm_add_epi16(sum.rows[i], _mm_maddubs_epi16(w.rows[i], splat));
    }
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE I16 Finish(Sum sum) {
    if constexpr (kQ4) {
      for (__m128i& rows : sum.rows) rows = Widen(rows);
    }
    return __builtin_bit_cast(I16, sum);
  }
  static PEDIGREE_VEC_INLINE F16 LoadHalves(const uint8_t* halves) {
    return HalvesToFloats(halves);
  }
};

#include "runtime/kernels/tiles-inl.h"

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kSse4);

}  // namespace

const Kernels& Sse4Kernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
