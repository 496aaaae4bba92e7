#include "runtime/kernels/kernels.h"

#include <algorithm>
#include <vector>

#include "runtime/kernels/scalar.h"
#include "runtime/kernels/target.h"
#if defined(__x86_64__)
#include "runtime/kernels/x86_kernels.h"
#elif defined(__aarch64__)
#include "runtime/kernels/neon_kernels.h"
#elif defined(__wasm_simd128__)
#include "runtime/kernels/wasm_kernels.h"
#endif

namespace pedigree {

const Kernels* FindKernels(Target target) {
  const std::vector<Target> targets = SupportedTargets();
  if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
    return nullptr;
  }
  switch (target) {
    case Target::kScalar:
      return &ScalarKernels();
#if defined(__x86_64__)
    case Target::kSse4:
      return &Sse4Kernels();
    case Target::kAvx2:
      return &Avx2Kernels();
    case Target::kAvxVnni:
      return &AvxVnniKernels();
    case Target::kAvx512:
      return &Avx512Kernels();
    case Target::kAvx512Vnni:
      return &Avx512VnniKernels();
    case Target::kAvx512Amx:
      return &Avx512AmxKernels();
#elif defined(__aarch64__)
    case Target::kNeonDot:
      return &NeonDotKernels();
#elif defined(__wasm_simd128__)
    case Target::kWasmSimd:
      return &WasmSimdKernels();
#endif
    default:
      return nullptr;
  }
}

const Kernels& BestKernels() {
#if defined(__wasm_simd128__)
  // Names no others, so that a module holds no others.
  return WasmSimdKernels();
#else
  return *FindKernels(BestTarget());
#endif
}

}  // namespace pedigree
