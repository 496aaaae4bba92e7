#include "runtime/format/slm_values.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/error_code.h"

namespace pedigree {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

ByteSpan Bytes(const std::vector<float>& values) {
  return ByteSpan(reinterpret_cast<const uint8_t*>(values.data()),
                  values.size() * sizeof(float));
}

TEST(SlmValuesTest, TakesWhatTheRulesAllow) {
  EXPECT_TRUE(CheckF32Values("a", Bytes({0, -1, 3e38f, 1e-40f})).ok());
  EXPECT_TRUE(CheckScales("a", DType::kQ8_0, {1e-40f, 3e38f}).ok());
  EXPECT_TRUE(CheckScales("a", DType::kQ4_0, {-2, 3e38f}).ok());
}

TEST(SlmValuesTest, CountsFromTheFirstIndex) {
  const absl::Status status = CheckF32Values("a", Bytes({1, kInfinity}), 30);
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidTensorDirectory);
  EXPECT_EQ(status.message(),
            "Invalid .slm file: tensor \"a\" has value inf at index 31 (must "
            "be finite)");
  EXPECT_EQ(CheckScales("a", DType::kQ8_0, {1, -2}, 5).message(),
            "Invalid .slm file: tensor \"a\" has scale -2 at index 6 (q8_0 "
            "scales are finite and positive)");
}

TEST(SlmValuesTest, RefusesOtherScales) {
  for (const float scale : {0.0f, kInfinity, -kInfinity}) {
    EXPECT_FALSE(CheckScales("a", DType::kQ8_0, {scale}).ok()) << scale;
    EXPECT_FALSE(CheckScales("a", DType::kQ4_0, {scale}).ok()) << scale;
  }
}

}  // namespace
}  // namespace pedigree
