// WebAssembly SIMD128, without its relaxed half, whose results may differ
// between machines.

#if defined(__wasm_simd128__)

#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>

#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/scalar.h"
#include "runtime/kernels/wasm_kernels.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

struct Dot {
  static constexpr size_t kTokens = 2;
  static constexpr size_t kTiles = 1;
  static constexpr size_t kF32Tokens = 1;
  static constexpr size_t kQueries = 2;
  static constexpr int32_t kQ8Bias = 0;
  static constexpr int32_t kQ4Bias = 8;

  // Two rows of four columns a register, as 16 bits: q8_0 as stored, q4_0 plus 8.
  struct Weights {
    v128_t rows[8];
  };
  // Two rows a register; each row's sum is in two parts.
  struct Sum {
    v128_t rows[8];
  };

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    Weights w;
    for (size_t i = 0; i < 4; ++i) {
      const v128_t bytes = wasm_v128_load(tile + 16 * i);
      w.rows[2 * i] = wasm_i16x8_extend_low_i8x16(bytes);
      w.rows[2 * i + 1] = wasm_i16x8_extend_high_i8x16(bytes);
    }
    return w;
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    for (size_t i = 0; i < 4; ++i) {
      const v128_t both = wasm_v128_xor(wasm_v128_load(tile + 16 * i),
                                        wasm_i8x16_const_splat(-0x78));
      const v128_t first =
          wasm_v128_and(both, wasm_i8x16_const_splat(0x0f));
      const v128_t second = wasm_u8x16_shr(both, 4);
      low.rows[2 * i] = wasm_u16x8_extend_low_u8x16(first);
      low.rows[2 * i + 1] = wasm_u16x8_extend_high_u8x16(first);
      high.rows[2 * i] = wasm_u16x8_extend_low_u8x16(second);
      high.rows[2 * i + 1] = wasm_u16x8_extend_high_u8x16(second);
    }
  }
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    const v128_t first = wasm_i32x4_make(value, 0, value, 0);
    return {{first, first, first, first, first, first, first, first}};
  }
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    const v128_t four = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(x));
    for (size_t i = 0; i < 8; ++i) {
      sum.rows[i] =
          wasm_i32x4_add(sum.rows[i], wasm_i32x4_dot_i16x8(w.rows[i], four));
    }
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, const Weights& w,
                                        const int8_t* x) {
    AddQ8(sum, w, x);
  }
  static PEDIGREE_VEC_INLINE I16 Finish(const Sum& sum) {
    struct {
      v128_t rows[4];
    } whole;
    for (size_t i = 0; i < 4; ++i) {
      const v128_t a = sum.rows[2 * i];
      const v128_t b = sum.rows[2 * i + 1];
      whole.rows[i] = wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6),
                                     wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
    }
    return __builtin_bit_cast(I16, whole);
  }
  static PEDIGREE_VEC_INLINE F16 LoadHalves(const uint8_t* halves) {
    return HalvesToFloats(halves);
  }
};

#include "runtime/kernels/kernels-inl.h"

#include "runtime/kernels/wasm_pairs-inl.h"

constexpr Kernels WithPairProducts(Kernels kernels) {
  kernels.mat_mul = PairMatMul;
  return kernels;
}

constexpr Kernels kKernels = WithPairProducts(MakeKernels(Target::kWasmSimd));

}  // namespace

const Kernels& WasmSimdKernels() { return kKernels; }

}  // namespace pedigree

#endif  // defined(__wasm_simd128__)
