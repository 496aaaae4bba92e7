#include "runtime/tensor/quantize_activation.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

struct Quantized {
  std::vector<int8_t> values;
  std::vector<float> scales;
};

Quantized Quantize(const std::vector<float>& x) {
  Quantized q = {std::vector<int8_t>(x.size()),
                 std::vector<float>(ActivationBlocks(x.size()))};
  QuantizeActivation(x, absl::MakeSpan(q.values), absl::MakeSpan(q.scales));
  return q;
}

TEST(QuantizeActivationTest, ScalesTheLargestMagnitudeTo127) {
  const Quantized q = Quantize({127.0f, -127.0f, 1.0f, 0.0f});
  EXPECT_THAT(q.values, ElementsAre(127, -127, 1, 0));
  EXPECT_THAT(q.scales, ElementsAre(1.0f));
}

TEST(QuantizeActivationTest, RoundsHalvesToEven) {
  const Quantized q = Quantize({127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f});
  EXPECT_THAT(q.values, ElementsAre(127, 0, 2, 2, 0, -2));
}

TEST(QuantizeActivationTest, EachBlockHasItsScaleAndTheLastMayBeShort) {
  std::vector<float> x(70, 1.0f);
  x[40] = 254.0f;
  x[69] = -4.0f;
  const Quantized q = Quantize(x);
  ASSERT_EQ(q.scales.size(), 3u);
  EXPECT_EQ(q.scales[0], 1.0f / 127.0f);
  EXPECT_EQ(q.scales[1], 2.0f);
  EXPECT_EQ(q.scales[2], 4.0f / 127.0f);
  EXPECT_EQ(q.values[31], 127);
  EXPECT_EQ(q.values[40], 127);
  EXPECT_EQ(q.values[41], 0);
  EXPECT_EQ(q.values[69], -127);
}

TEST(QuantizeActivationTest, ABlockOfZerosHasScaleOne) {
  const Quantized q = Quantize({0.0f, -0.0f, 0.0f});
  EXPECT_THAT(q.values, Each(0));
  EXPECT_THAT(q.scales, ElementsAre(1.0f));
}

TEST(QuantizeActivationTest, AlmostNothingCountsAsZero) {
  EXPECT_THAT(Quantize({0x1p-101f}).values, ElementsAre(0));
  EXPECT_THAT(Quantize({0x1p-149f}).scales, ElementsAre(1.0f));
  EXPECT_THAT(Quantize({-0x1p-100f}).values, ElementsAre(-127));
}

TEST(QuantizeActivationTest, NeverLeavesTheRange) {
  // Scales that are not exact, so that x / scale may round above 127.
  for (int i = 1; i < 20000; ++i) {
    const float largest = 0.001f * static_cast<float>(i);
    const Quantized q = Quantize({largest, -largest});
    ASSERT_THAT(q.values, ElementsAre(127, -127)) << largest;
  }
  EXPECT_THAT(Quantize({0x1.fffffep127f}).values, ElementsAre(127));
}

}  // namespace
}  // namespace pedigree
