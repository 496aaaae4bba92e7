#include "runtime/tensor/dot.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/tensor/quantize_activation.h"

namespace pedigree {
namespace {

TEST(DotTest, FoldsPartialSumsInHalves) {
  // 1 is lost beside 2^24, so the order of the additions shows.
  float partial[kPartialSums] = {};
  partial[0] = 0x1p24f;
  partial[8] = 1.0f;
  partial[4] = -0x1p24f;
  partial[12] = 1.0f;
  // (2^24 + 1) + (-2^24 + 1) = 2^24 + (-2^24 + 1) = 1.
  EXPECT_EQ(FoldPartialSums(partial), 1.0f);
  // 2^24 + -2^24 comes first here, and both ones survive.
  partial[4] = 1.0f;
  partial[8] = -0x1p24f;
  EXPECT_EQ(FoldPartialSums(partial), 2.0f);
}

TEST(DotTest, AddsEachElementToItsPartialSum) {
  std::vector<float> a(33, 0.0f);
  const std::vector<float> ones(33, 1.0f);
  a[0] = 0x1p24f;
  a[16] = 1.0f;  // the same partial sum as 0: lost
  a[1] = 1.0f;   // another one: 1 + 1 survives
  a[17] = 1.0f;
  EXPECT_EQ(DotF32(a, ones), 0x1p24f + 2.0f);
  a[32] = -0x1p24f;  // the tail goes on in order
  EXPECT_EQ(DotF32(a, ones), 2.0f);
}

TEST(DotTest, TakesAnyLength) {
  for (size_t size = 0; size < 70; ++size) {
    const std::vector<float> a(size, 3.0f);
    const std::vector<float> b(size, 2.0f);
    EXPECT_EQ(DotF32(a, b), 6.0f * static_cast<float>(size));
  }
}

// Integer activations with the scales given.
struct Activations {
  std::vector<int8_t> values;
  std::vector<float> scales;
  QuantizedActivation view() const { return {values, scales}; }
};

TEST(DotTest, MultipliesByTheRowScaleAtTheEnd) {
  Activations x = {std::vector<int8_t>(40, 1), {0x1p-20f, 1.0f}};
  const std::vector<int8_t> weights(40, 2);
  const std::vector<float> scale = {3.0f};
  // 32 * 2 * 2^-20 + 8 * 2 * 1, then times 3.
  EXPECT_EQ(DotQ8(weights, scale, 40, x.view()),
            (64.0f * 0x1p-20f + 16.0f) * 3.0f);
}

TEST(DotTest, MultipliesByBlockScalesBlockByBlock) {
  Activations x = {std::vector<int8_t>(64, 1), {0.1f, 0.7f}};
  const std::vector<int8_t> weights(64, 5);
  const std::vector<float> scales = {0.3f, 0.9f};
  float expected = 0;
  expected += 160.0f * (0.1f * 0.3f);
  expected += 160.0f * (0.7f * 0.9f);
  EXPECT_EQ(DotQ8(weights, scales, 32, x.view()), expected);
}

TEST(DotTest, WeightsOfMinus128AreExact) {
  Activations x = {std::vector<int8_t>(32, -127), {1.0f}};
  const std::vector<int8_t> weights(32, -128);
  EXPECT_EQ(DotQ8(weights, std::vector<float>{1.0f}, 32, x.view()),
            32.0f * 127.0f * 128.0f);
}

TEST(DotTest, SplitsAtTheBordersOfBothKindsOfBlocks) {
  // Weight blocks of 24 against activation blocks of 32, 72 columns: parts of
  // 24, 8, 16, 16 and 8.
  Activations x = {std::vector<int8_t>(72, 3), {0.11f, 0.13f, 0.17f}};
  const std::vector<uint8_t> packed(36, 0x11);  // every weight is 1
  const std::vector<float> scales = {0.5f, -0.7f, 1.1f};
  float expected = 0;
  expected += 72.0f * (0.11f * 0.5f);
  expected += 24.0f * (0.11f * -0.7f);
  expected += 48.0f * (0.13f * -0.7f);
  expected += 48.0f * (0.13f * 1.1f);
  expected += 24.0f * (0.17f * 1.1f);
  EXPECT_EQ(DotQ4(packed, scales, 24, x.view()), expected);
}

TEST(DotTest, ReadsNibblesLowFirstAndSigned) {
  const std::array<uint8_t, 2> packed = {0x7f, 0x80};
  EXPECT_EQ(NibbleWeight(packed.data(), 0), -1);
  EXPECT_EQ(NibbleWeight(packed.data(), 1), 7);
  EXPECT_EQ(NibbleWeight(packed.data(), 2), 0);
  EXPECT_EQ(NibbleWeight(packed.data(), 3), -8);
}

}  // namespace
}  // namespace pedigree
