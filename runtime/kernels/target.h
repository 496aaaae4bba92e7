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
  kAvx512Amx,   // the same with AMX, tiles of 8-bit integers
  kNeonDot,     // Armv8.2-A with dot products
  kWasmSimd,    // WebAssembly SIMD128
};

// "scalar", "sse4", "avx2", "avx-vnni", "avx512", "avx512-vnni", "avx512-amx",
// "neon-dot", "wasm-simd".
std::string_view TargetName(Target target);
std::optional<Target> TargetByName(std::string_view name);

// What decides which targets run on a processor, by the names of its
// instruction sets. All of other families of machines are false.
struct CpuFeatures {
  bool sse4_1 = false;
  bool avx2 = false;
  bool bmi = false;
  bool bmi2 = false;
  bool f16c = false;
  bool avx_vnni = false;
  bool avx512f = false;
  bool avx512bw = false;
  bool avx512dq = false;
  bool avx512vl = false;
  bool avx512_vnni = false;
  bool amx_int8 = false;
  bool neon_dot = false;
  bool wasm_simd = false;
};

// Those of this machine, as far as this build can use them. Asks the system for
// the registers that a process has only on demand (AMX).
CpuFeatures DetectCpuFeatures();

// What runs on a processor with `features`, plainest first. Never empty. Each
// target of x86-64 needs those before it, but for the VNNI ones.
std::vector<Target> TargetsFor(const CpuFeatures& features);

// TargetsFor() this machine.
std::vector<Target> SupportedTargets();

// The last of SupportedTargets().
Target BestTarget();

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_TARGET_H_
