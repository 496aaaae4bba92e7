#include "runtime/tensor/silu.h"

#include <cmath>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

TEST(SiluTest, AgreesWithDoublePrecision) {
  for (double x = -80; x <= 80; x += 0.37) {
    const float rounded = static_cast<float>(x);
    const double exact =
        rounded / (1 + std::exp(-static_cast<double>(rounded)));
    EXPECT_NEAR(Silu(rounded) / exact, 1.0, 4e-7) << x;
  }
}

TEST(SiluTest, StaysFiniteFarOut) {
  EXPECT_EQ(Silu(-1000.0f), 0.0f);
  EXPECT_EQ(Silu(1000.0f), 1000.0f);
  EXPECT_EQ(Silu(0.0f), 0.0f);
}

TEST(SiluTest, GatesElementByElement) {
  std::vector<float> gate = {0.0f, 1000.0f};
  SwiGlu(absl::MakeSpan(gate), std::vector<float>{5.0f, 0.5f});
  EXPECT_THAT(gate, ElementsAre(0.0f, 500.0f));
}

}  // namespace
}  // namespace pedigree
