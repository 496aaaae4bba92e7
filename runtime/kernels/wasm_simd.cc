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
  static constexpr bool kF32Apart = true;
  static constexpr size_t kF32Tokens = 2;
  static constexpr size_t kF32Lanes = 4;
  static constexpr size_t kQueries = 2;
  static constexpr size_t kKeyBlocks = 1;
  static constexpr size_t kValueVectors = 1;
};

#include "runtime/kernels/wasm_pairs-inl.h"

// runtime/bench/simd128_peak.cc measures it, in a module of its own.
constexpr uint64_t (*MultiplyInRegisters)(size_t) = nullptr;

#include "runtime/kernels/kernels-inl.h"

constexpr Kernels kKernels = MakeKernels(Target::kWasmSimd);

}  // namespace

const Kernels& WasmSimdKernels() { return kKernels; }

}  // namespace pedigree

#endif  // defined(__wasm_simd128__)
