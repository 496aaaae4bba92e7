// Every target against the scalar reference, bit for bit: the cases of
// runtime/conformance/kernel_cases.h, and what is worth a look of its own.
//
// PEDIGREE_KERNEL_CASES sets how many cases are drawn for each kernel, for slow
// machines; 1,000 when it is not set. The full product takes the same share of
// its shapes.

#include "runtime/kernels/kernels.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/conformance/kernel_cases.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

size_t CaseCount() {
  const char* text = std::getenv("PEDIGREE_KERNEL_CASES");
  return text == nullptr ? kDefaultCases
                         : static_cast<size_t>(std::atoi(text));
}

// By the kernel's index in KernelNames().
class KernelCasesTest : public testing::TestWithParam<size_t> {
 protected:
  void ExpectSame(const KernelReport& report, uint64_t cases) {
    EXPECT_EQ(report.difference, "");
    EXPECT_EQ(report.cases, cases);
    EXPECT_GE(report.comparisons, cases * SupportedTargets().size());
  }
  ThreadPool pool_{7};
};

TEST_P(KernelCasesTest, DrawnTogetherEqualTheReference) {
  ASSERT_EQ(pool_.size(), 7);
  const size_t count = CaseCount();
  ASSERT_GT(count, 0u);
  ExpectSame(RunKernelCases(GetParam(), count, SupportedTargets(), pool_),
             count);
}

TEST_P(KernelCasesTest, OfTheWholeProductEqualTheReference) {
  constexpr uint64_t kBatches = 4;
  ASSERT_EQ(KernelShapeNames().size(), 20u);
  const size_t shapes = ProductShapes(CaseCount());
  ExpectSame(
      RunKernelProduct(GetParam(), shapes, SupportedTargets(), pool_),
      shapes * kBatches);
}

INSTANTIATE_TEST_SUITE_P(
    AllKernels, KernelCasesTest,
    testing::Range(size_t{0}, KernelNames().size()),
    [](const testing::TestParamInfo<size_t>& info) {
      std::string name(KernelNames()[info.param]);
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class KernelsTest : public testing::TestWithParam<Target> {
 protected:
  const Kernels& kernels_ = *FindKernels(GetParam());
  const Kernels& reference_ = *FindKernels(Target::kScalar);
};

TEST_P(KernelsTest, GatesEqualTheReferenceOverTheWholeRangeOfTheExponential) {
  std::vector<float> x;
  for (float v = -120; v <= 120; v += 0x1.1p-6f) x.push_back(v);
  for (float v : {88.72283f, -88.72283f, 103.97208f, -103.97208f, 1e30f,
                  -1e30f, 0.0f, -0.0f, 1e-42f}) {
    x.push_back(v);
  }
  const std::vector<float> ones(x.size(), 1);
  std::vector<float> expected = x;
  EXPECT_TRUE(kernels_.swiglu(x.data(), ones.data(), x.size()));
  EXPECT_TRUE(reference_.swiglu(expected.data(), ones.data(), x.size()));
  EXPECT_TRUE(SameBits(x, expected));
}

TEST_P(KernelsTest, ValuesThatAreNotFiniteAreSeenInEveryLane) {
  for (float bad : {__builtin_nanf(""), __builtin_inff(), -__builtin_inff()}) {
    for (size_t place = 0; place < 37; ++place) {
      std::vector<float> x(37, 1.0f);
      const std::vector<float> ones(37, 1.0f);
      EXPECT_TRUE(kernels_.all_finite(x.data(), x.size()));
      x[place] = bad;
      std::vector<float> out(37);
      EXPECT_FALSE(kernels_.all_finite(x.data(), x.size()));
      EXPECT_FALSE(kernels_.rms_norm(x.data(), ones.data(), 1e-5f, 37,
                                     out.data()));
      out = ones;
      EXPECT_FALSE(kernels_.add(out.data(), x.data(), 37));
      out = ones;
      EXPECT_FALSE(kernels_.swiglu(out.data(), x.data(), 37));
    }
  }
}

TEST_P(KernelsTest, ArgMaxTakesTheLowestOfEqualValues) {
  for (size_t size = 1; size < 60; ++size) {
    for (size_t first = 0; first < size; ++first) {
      std::vector<float> x(size, -5.0f);
      for (size_t i = first; i < size; i += 7) x[i] = -2.0f;
      ASSERT_EQ(kernels_.arg_max(x.data(), size), first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllTargets, KernelsTest, testing::ValuesIn(SupportedTargets()),
    [](const testing::TestParamInfo<Target>& info) {
      std::string name(TargetName(info.param));
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

TEST(TargetTest, NamesReadBack) {
  for (Target target : SupportedTargets()) {
    EXPECT_EQ(TargetByName(TargetName(target)), target);
    EXPECT_NE(FindKernels(target), nullptr);
    EXPECT_EQ(FindKernels(target)->target, target);
  }
  EXPECT_EQ(TargetByName("avx9"), std::nullopt);
  EXPECT_EQ(BestKernels().target, BestTarget());
}

}  // namespace
}  // namespace pedigree
