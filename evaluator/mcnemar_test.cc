#include "evaluator/mcnemar.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

struct Vector {
  uint32_t lost;
  uint32_t gained;
  std::string p_value;
};

class McNemarTest : public testing::TestWithParam<Vector> {};

TEST_P(McNemarTest, EqualsTheBinomialTail) {
  const Vector& vector = GetParam();
  EXPECT_EQ(McNemarPValue(vector.lost, vector.gained, 0).text, vector.p_value);
}

// Computed with rational arithmetic (Python's fractions and math.comb).
INSTANTIATE_TEST_SUITE_P(
    Vectors, McNemarTest,
    testing::Values(Vector{0, 0, "1.000000"}, Vector{1, 0, "0.500000"},
                    Vector{0, 1, "1.000000"}, Vector{5, 0, "0.031250"},
                    Vector{6, 1, "0.062500"}, Vector{8, 2, "0.054688"},
                    Vector{10, 3, "0.046143"}, Vector{12, 5, "0.071732"},
                    Vector{20, 20, "0.562685"}, Vector{3, 9, "0.980713"},
                    Vector{59, 6, "0.000000"}, Vector{500, 300, "0.000000"},
                    Vector{1000, 900, "0.011554"}));

TEST(McNemarPValueTest, ComparesTheExactValueWithTheLimit) {
  // p = 1/32 = 0.03125 exactly.
  EXPECT_TRUE(McNemarPValue(5, 0, 31250).at_most_limit);
  EXPECT_FALSE(McNemarPValue(5, 0, 31249).at_most_limit);
  // p = 0.0546875, which is written 0.054688.
  EXPECT_FALSE(McNemarPValue(8, 2, 54687).at_most_limit);
  EXPECT_TRUE(McNemarPValue(8, 2, 54688).at_most_limit);
}

TEST(McNemarPValueTest, ALimitOfOneHoldsForEveryChange) {
  EXPECT_TRUE(McNemarPValue(0, 0, 1000000).at_most_limit);
  EXPECT_TRUE(McNemarPValue(1, 50, 1000000).at_most_limit);
}

TEST(McNemarPValueTest, ASmallPValueIsAboveALimitOfZero) {
  EXPECT_FALSE(McNemarPValue(400, 0, 0).at_most_limit);
  EXPECT_TRUE(McNemarPValue(400, 0, 1).at_most_limit);
}

}  // namespace
}  // namespace pedigree
