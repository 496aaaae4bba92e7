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

std::vector<Target> SupportedTargets() {
  std::vector<Target> targets = {Target::kScalar};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.1")) targets.push_back(Target::kSse4);
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("f16c")) {
    return targets;
  }
  targets.push_back(Target::kAvx2);
  if (__builtin_cpu_supports("avxvnni")) targets.push_back(Target::kAvxVnni);
  if (!__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl")) {
    return targets;
  }
  targets.push_back(Target::kAvx512);
  if (__builtin_cpu_supports("avx512vnni")) {
    targets.push_back(Target::kAvx512Vnni);
  }
#elif defined(__aarch64__)
  if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) {
    targets.push_back(Target::kNeonDot);
  }
#elif defined(__wasm_simd128__)
  targets.push_back(Target::kWasmSimd);
#endif
  return targets;
}

Target BestTarget() { return SupportedTargets().back(); }

}  // namespace pedigree
