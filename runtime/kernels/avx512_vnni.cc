// AVX-512 with VNNI: a quarter of a block of sixteen rows an instruction.

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
        target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,"          \
               "avx512vnni"))),                                             \
    apply_to = function)

namespace pedigree {
namespace {

#include "runtime/kernels/vec16-inl.h"

#include "runtime/kernels/dot512-inl.h"

struct Dot : Dot512 {
  static constexpr size_t kTokens = 6;
  static constexpr int32_t kQ8Bias = 128;

  using Weights = __m512i;

  static PEDIGREE_VEC_INLINE Weights LoadQ8(const uint8_t* tile) {
    return _mm512_xor_si512(_mm512_loadu_si512(tile),
                            _mm512_set1_epi8(static_cast<char>(0x80)));
  }
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    LoadNibbles(tile, low, high);
  }
  static PEDIGREE_VEC_INLINE void AddQ8(Sum& sum, Weights w, const int8_t* x) {
    sum = _mm512_dpbusd_epi32(sum, w, Splat(x));
  }
  static PEDIGREE_VEC_INLINE void AddQ4(Sum& sum, Weights w, const int8_t* x) {
    AddQ8(sum, w, x);
  }
};

#include "runtime/kernels/tiles-inl.h"

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kAvx512Vnni);

}  // namespace

const Kernels& Avx512VnniKernels() { return kKernels; }

}  // namespace pedigree

#pragma clang attribute pop

#endif  // defined(__x86_64__)
