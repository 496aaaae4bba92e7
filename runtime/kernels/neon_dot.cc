// Armv8.2-A with dot products.

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/scalar.h"
#include "runtime/kernels/neon_kernels.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), \
                             apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Dot {
  static constexpr size_t kTokens = 4;
  static constexpr size_t kTiles = 1;
  static constexpr size_t kStreams = 1;
  static constexpr bool kF32Apart = false;
  static constexpr size_t kF32Tokens = 1;
  static constexpr size_t kF32Lanes = 16;
  static constexpr size_t kQueries = 4;
  static constexpr size_t kKeyBlocks = 1;
  static constexpr size_t kValueVectors = 1;
  static constexpr int32_t kQ8Bias = 0;
  static constexpr int32_t kQ4Bias = 8;

  // Four rows a register: q8_0 as stored, q4_0 plus 8.
  struct Weights {
    int8x16_t rows[4];
  };
  struct Sum {
    int32x4_t rows[4];
  };

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    Weights w;
    for (size_t i = 0; i < 4; ++i) {
      w.rows[i] = vreinterpretq_s8_u8(vld1q_u8(tile + 16 * i));
    }
    return w;
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    for (size_t i = 0; i < 4; ++i) {
      const uint8x16_t both = veorq_u8(vld1q_u8(tile + 16 * i),
                                       vdupq_n_u8(0x88));
      low.rows[i] = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(0x0f)));
      high.rows[i] = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
    }
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    const int32x4_t splat = vdupq_n_s32(value);
    return {{splat, splat, splat, splat}};
  }
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, sizeof(four));
    const int8x16_t splat = vreinterpretq_s8_s32(vdupq_n_s32(four));
    for (size_t i = 0; i < 4; ++i) {
      sum.rows[i] = vdotq_s32(sum.rows[i], w.rows[i], splat);
    }
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    AddQ8(sum, w, x);
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE I16 Finish(const Sum& sum) {
    return __builtin_bit_cast(I16, sum);
  }
  static PEDIGREE_VEC_INLINE F16 LoadHalves(const uint8_t* halves) {
    return HalvesToFloats(halves);
  }
};

#include "runtime/kernels/tiles-inl.h"

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kNeonDot);

}  // namespace

const Kernels& NeonDotKernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__aarch64__)
