#include "runtime/kernels/target.h"

#include <optional>
#include <string_view>
#include <vector>

#if defined(__aarch64__)
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
    {Target::kNeonDot, "neon-dot"},
    {Target::kWasmSimd, "wasm-simd"},
};

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
  if (features.avx512_vnni) targets.push_back(Target::kAvx512Vnni);
  return targets;
}

std::vector<Target> SupportedTargets() {
  return TargetsFor(DetectCpuFeatures());
}

Target BestTarget() { return SupportedTargets().back(); }

}  // namespace pedigree
