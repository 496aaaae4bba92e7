#include "runtime/tensor/rope.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

TEST(RopeTest, FrequenciesFallByPowersOfTheta) {
  std::vector<double> frequencies(4);
  RopeFrequencies(10000.0f, 8, absl::MakeSpan(frequencies));
  EXPECT_EQ(frequencies[0], 1.0);
  EXPECT_NEAR(frequencies[1], 0.1, 1e-15);
  EXPECT_NEAR(frequencies[2], 0.01, 1e-16);
  EXPECT_NEAR(frequencies[3], 0.001, 1e-17);
}

TEST(RopeTest, RowsAreCosinesAndSinesRoundedOnce) {
  std::vector<double> frequencies(16);
  RopeFrequencies(500000.0f, 32, absl::MakeSpan(frequencies));
  std::vector<float> cosines(16);
  std::vector<float> sines(16);
  for (uint32_t position : {0u, 1u, 511u, 131071u, 1048575u}) {
    RopeRow(position, frequencies, absl::MakeSpan(cosines),
            absl::MakeSpan(sines));
    for (size_t i = 0; i < 16; ++i) {
      const double angle = position * frequencies[i];
      EXPECT_EQ(cosines[i], static_cast<float>(std::cos(angle)));
      EXPECT_EQ(sines[i], static_cast<float>(std::sin(angle)));
    }
  }
}

TEST(RopeTest, TurnsAdjacentPairs) {
  std::vector<float> head = {1.0f, 0.0f, 3.0f, 4.0f};
  ApplyRope(absl::MakeSpan(head), std::vector<float>{0.0f, 1.0f},
            std::vector<float>{1.0f, 0.0f});
  EXPECT_THAT(head, ElementsAre(0.0f, 1.0f, 3.0f, 4.0f));
}

}  // namespace
}  // namespace pedigree
