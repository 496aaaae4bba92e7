#include "runtime/kernels/target.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#if defined(__x86_64__)
#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace pedigree {
namespace {

struct NamedTarget {
  Target target;
  std::string_view name;
};

constexpr NamedTarget kTargets[] = {
    {Target::kScalar, "scalar"},
    {Target::kSse4, "sse4"},
    {Target::kAvx2, "avx2"},
    {Target::kAvxVnni, "avx-vnni"},
    {Target::kAvx512, "avx512"},
    {Target::kAvx512Vnni, "avx512-vnni"},
    {Target::kAvx512Amx, "avx512-amx"},
    {Target::kNeonDot, "neon-dot"},
    {Target::kWasmSimd, "wasm-simd"},
};

#if defined(__x86_64__)
// Whether the processor has AMX's products of 8-bit integers and the system lets
// this process, all its threads, use tile registers.
bool HasAmxInt8() {
  constexpr uint32_t kAmxTile = 1u << 24;
  constexpr uint32_t kAmxInt8 = 1u << 25;
  unsigned eax;
  unsigned ebx;
  unsigned ecx;
  unsigned edx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kAmxTile) == 0 || (edx & kAmxInt8) == 0) return false;
  constexpr unsigned long kTileData = 18;  // of XCR0
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, kTileData) == 0;
}
#endif

}  // namespace

std::string_view TargetName(Target target) {
  for (const NamedTarget& named : kTargets) {
    if (named.target == target) return named.name;
  }
  return "";
}

std::optional<Target> TargetByName(std::string_view name) {
  for (const NamedTarget& named : kTargets) {
    if (named.name == name) return named.target;
  }
  return std::nullopt;
}

CpuFeatures DetectCpuFeatures() {
  CpuFeatures features;
#if defined(__x86_64__)
  // These answer "no", too, when the system does not keep the registers.
  features.sse4_1 = __builtin_cpu_supports("sse4.1");
  features.avx2 = __builtin_cpu_supports("avx2");
  features.bmi = __builtin_cpu_supports("bmi");
  features.bmi2 = __builtin_cpu_supports("bmi2");
  features.f16c = __builtin_cpu_supports("f16c");
  features.avx_vnni = __builtin_cpu_supports("avxvnni");
  features.avx512f = __builtin_cpu_supports("avx512f");
  features.avx512bw = __builtin_cpu_supports("avx512bw");
  features.avx512dq = __builtin_cpu_supports("avx512dq");
  features.avx512vl = __builtin_cpu_supports("avx512vl");
  features.avx512_vnni = __builtin_cpu_supports("avx512vnni");
  features.amx_int8 = HasAmxInt8();
#elif defined(__aarch64__)
  features.neon_dot = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__wasm_simd128__)
  features.wasm_simd = true;
#endif
  return features;
}

std::vector<Target> TargetsFor(const CpuFeatures& features) {
  std::vector<Target> targets = {Target::kScalar};
  if (features.wasm_simd) targets.push_back(Target::kWasmSimd);
  if (features.neon_dot) targets.push_back(Target::kNeonDot);
  if (!features.sse4_1) return targets;
  targets.push_back(Target::kSse4);
  if (!features.avx2 || !features.bmi || !features.bmi2 || !features.f16c) {
    return targets;
  }
  targets.push_back(Target::kAvx2);
  if (features.avx_vnni) targets.push_back(Target::kAvxVnni);
  if (!features.avx512f || !features.avx512bw || !features.avx512dq ||
      !features.avx512vl) {
    return targets;
  }
  targets.push_back(Target::kAvx512);
  if (!features.avx512_vnni) return targets;
  targets.push_back(Target::kAvx512Vnni);
  if (features.amx_int8) targets.push_back(Target::kAvx512Amx);
  return targets;
}

std::vector<Target> SupportedTargets() {
  return TargetsFor(DetectCpuFeatures());
}

Target BestTarget() { return SupportedTargets().back(); }

}  // namespace pedigree
