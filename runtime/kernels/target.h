// The instruction sets that kernels are written for.

#ifndef PEDIGREE_RUNTIME_KERNELS_TARGET_H_
#define PEDIGREE_RUNTIME_KERNELS_TARGET_H_

#include <optional>
#include <string_view>
#include <vector>

namespace pedigree {

// From the plainest to the fastest of each family of machines.
enum class Target {
  kScalar,
  kSse4,        // SSE4.1
  kAvx2,        // AVX2
  kAvxVnni,     // AVX2 with AVX-VNNI
  kAvx512,      // AVX-512 F, BW, DQ, VL
  kAvx512Vnni,  // the same with VNNI
  kNeonDot,     // Armv8.2-A with dot products
  kWasmSimd,    // WebAssembly SIMD128
};

// "scalar", "sse4", "avx2", "avx-vnni", "avx512", "avx512-vnni", "neon-dot",
// "wasm-simd".
std::string_view TargetName(Target target);
std::optional<Target> TargetByName(std::string_view name);

// What this build and this machine can run, plainest first. Never empty.
std::vector<Target> SupportedTargets();

// The last of SupportedTargets().
Target BestTarget();

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_TARGET_H_
