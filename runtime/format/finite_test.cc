#include "runtime/format/finite.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

using Limits = std::numeric_limits<float>;

std::string Bytes(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) AppendLittleEndian(value, bytes);
  return bytes;
}

TEST(FiniteTest, TakesEveryFiniteValue) {
  const std::string bytes =
      Bytes({0.0f, -0.0f, Limits::max(), Limits::lowest(), Limits::min(),
             Limits::denorm_min()});
  EXPECT_FALSE(FindNonFinite(AsBytes(bytes)).has_value());
  EXPECT_FALSE(FindNonFinite({}).has_value());
}

TEST(FiniteTest, FindsTheFirstWhereverItStands) {
  for (const float bad : {Limits::quiet_NaN(), Limits::signaling_NaN(),
                          Limits::infinity(), -Limits::infinity()}) {
    for (const size_t index : {0, 1, 1023, 1024, 2999}) {
      std::vector<float> values(3000, 1.5f);
      values[index] = bad;
      values.back() = bad;
      EXPECT_EQ(FindNonFinite(AsBytes(Bytes(values))), index);
    }
  }
}

TEST(FiniteTest, NeedsNoAlignment) {
  const std::string bytes = "x" + Bytes({1, Limits::infinity()});
  EXPECT_EQ(FindNonFinite(AsBytes(bytes).subspan(1)), 1u);
}

}  // namespace
}  // namespace pedigree
