// Which target is chosen when a processor lacks what others have.
//
// PEDIGREE_EXPECTED_TARGETS, if set, are the names of what the machine runs, with
// commas: known where it is an emulated one.

#include "runtime/kernels/target.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

std::string Names(const std::vector<Target>& targets) {
  std::string names;
  for (Target target : targets) {
    if (!names.empty()) names += ",";
    names += TargetName(target);
  }
  return names;
}

// A processor of x86-64 that has everything.
CpuFeatures AllOfX86() {
  CpuFeatures features;
  features.sse4_1 = true;
  features.avx2 = true;
  features.bmi = true;
  features.bmi2 = true;
  features.f16c = true;
  features.avx_vnni = true;
  features.avx512f = true;
  features.avx512bw = true;
  features.avx512dq = true;
  features.avx512vl = true;
  features.avx512_vnni = true;
  features.amx_int8 = true;
  return features;
}

TEST(TargetsForTest, NothingLeavesTheScalarReference) {
  EXPECT_EQ(Names(TargetsFor({})), "scalar");
}

TEST(TargetsForTest, EachFamilyHasItsOwn) {
  EXPECT_EQ(Names(TargetsFor(AllOfX86())),
            "scalar,sse4,avx2,avx-vnni,avx512,avx512-vnni,avx512-amx");
  CpuFeatures arm;
  arm.neon_dot = true;
  EXPECT_EQ(Names(TargetsFor(arm)), "scalar,neon-dot");
  CpuFeatures wasm;
  wasm.wasm_simd = true;
  EXPECT_EQ(Names(TargetsFor(wasm)), "scalar,wasm-simd");
}

struct Masked {
  const char* name;
  bool CpuFeatures::*feature;
  const char* best;
  const char* targets;
};

class MaskedFeatureTest : public testing::TestWithParam<Masked> {};

TEST_P(MaskedFeatureTest, LeavesTheTargetsThatDoNotNeedIt) {
  CpuFeatures features = AllOfX86();
  features.*GetParam().feature = false;
  const std::vector<Target> targets = TargetsFor(features);
  EXPECT_EQ(Names(targets), GetParam().targets);
  EXPECT_EQ(TargetName(targets.back()), GetParam().best);
}

INSTANTIATE_TEST_SUITE_P(
    AllOfX86, MaskedFeatureTest,
    testing::Values(
        Masked{"amx_int8", &CpuFeatures::amx_int8, "avx512-vnni",
               "scalar,sse4,avx2,avx-vnni,avx512,avx512-vnni"},
        Masked{"avx512_vnni", &CpuFeatures::avx512_vnni, "avx512",
               "scalar,sse4,avx2,avx-vnni,avx512"},
        Masked{"avx512vl", &CpuFeatures::avx512vl, "avx-vnni",
               "scalar,sse4,avx2,avx-vnni"},
        Masked{"avx512dq", &CpuFeatures::avx512dq, "avx-vnni",
               "scalar,sse4,avx2,avx-vnni"},
        Masked{"avx512bw", &CpuFeatures::avx512bw, "avx-vnni",
               "scalar,sse4,avx2,avx-vnni"},
        Masked{"avx512f", &CpuFeatures::avx512f, "avx-vnni",
               "scalar,sse4,avx2,avx-vnni"},
        Masked{"avx_vnni", &CpuFeatures::avx_vnni, "avx512-amx",
               "scalar,sse4,avx2,avx512,avx512-vnni,avx512-amx"},
        Masked{"f16c", &CpuFeatures::f16c, "sse4", "scalar,sse4"},
        Masked{"bmi2", &CpuFeatures::bmi2, "sse4", "scalar,sse4"},
        Masked{"bmi", &CpuFeatures::bmi, "sse4", "scalar,sse4"},
        Masked{"avx2", &CpuFeatures::avx2, "sse4", "scalar,sse4"},
        Masked{"sse4_1", &CpuFeatures::sse4_1, "scalar", "scalar"}),
    [](const testing::TestParamInfo<Masked>& info) { return info.param.name; });

// The levels taken away one after the other, highest first.
TEST(TargetsForTest, EachLevelMaskedOnTopOfTheOthersGivesTheNextLower) {
  CpuFeatures features = AllOfX86();
  std::string chosen(TargetName(TargetsFor(features).back()));
  for (bool CpuFeatures::*feature :
       {&CpuFeatures::amx_int8, &CpuFeatures::avx512_vnni,
        &CpuFeatures::avx512bw,
        &CpuFeatures::avx_vnni, &CpuFeatures::avx2, &CpuFeatures::sse4_1}) {
    features.*feature = false;
    chosen += ",";
    chosen += TargetName(TargetsFor(features).back());
  }
  EXPECT_EQ(chosen, "avx512-amx,avx512-vnni,avx512,avx-vnni,avx2,sse4,scalar");
}

TEST(SupportedTargetsTest, AreThoseOfThisMachine) {
  EXPECT_EQ(SupportedTargets(), TargetsFor(DetectCpuFeatures()));
  EXPECT_EQ(BestTarget(), SupportedTargets().back());
  const char* expected = std::getenv("PEDIGREE_EXPECTED_TARGETS");
  if (expected != nullptr) EXPECT_EQ(Names(SupportedTargets()), expected);
}

}  // namespace
}  // namespace pedigree
