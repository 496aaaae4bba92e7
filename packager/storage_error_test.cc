#include "packager/storage_error.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "packager/quantize.h"

namespace pedigree {
namespace {

StorageError ErrorOf(const std::vector<float>& values, uint64_t columns,
                     DType dtype, uint32_t block_size) {
  StorageErrorMeter meter;
  meter.Add(values, columns, StoreTensor(values, columns, dtype, block_size));
  return meter.Result();
}

TEST(StorageErrorTest, IsNothingForF32AndForExactValues) {
  const std::vector<float> exact = {127, -3, 0, 1};
  for (const StorageError& error : {ErrorOf(exact, 4, DType::kF32, 0),
                                    ErrorOf(exact, 4, DType::kQ8_0, 4),
                                    ErrorOf({0, 0}, 2, DType::kQ8_0, 2)}) {
    EXPECT_EQ(error.largest, 0);
    EXPECT_EQ(error.relative, 0);
  }
}

TEST(StorageErrorTest, IsOfEachRowWithItsOwnScale) {
  // Scales 1 and 2: 0.25 becomes 0, 3 becomes 4 (1.5 is rounded to even).
  const StorageError error =
      ErrorOf({127, 0.25f, 254, 3}, 2, DType::kQ8_0, 2);
  EXPECT_EQ(error.largest, 1);
  EXPECT_FLOAT_EQ(error.relative,
                  static_cast<float>(std::sqrt(
                      1.0625 / (127.0 * 127 + 0.0625 + 254.0 * 254 + 9))));
}

TEST(StorageErrorTest, ReadsBothNibbles) {
  // Scale 1: 7.5 is rounded to even and clamped to 7, 2.25 becomes 2.
  std::vector<float> values(32, 0.0f);
  values[0] = -8;
  values[1] = 7.5f;
  values[2] = 2.25f;
  const StorageError error = ErrorOf(values, 32, DType::kQ4_0, 32);
  EXPECT_EQ(error.largest, 0.5f);
  EXPECT_FLOAT_EQ(error.relative,
                  static_cast<float>(std::sqrt(
                      (0.25 + 0.0625) / (64 + 56.25 + 5.0625))));
}

TEST(StorageErrorTest, DoesNotDependOnHowRowsAreGrouped) {
  std::vector<float> values(64 * 40);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<int>(i * 2654435761u % 2001) -
                                   1000) /
                997.0f;
  }
  const StorageError whole = ErrorOf(values, 40, DType::kQ8_0, 40);
  StorageErrorMeter meter;
  for (size_t row = 0; row < 64; ++row) {
    const std::vector<float> one(values.begin() + row * 40,
                                 values.begin() + (row + 1) * 40);
    meter.Add(one, 40, StoreTensor(one, 40, DType::kQ8_0, 40));
  }
  EXPECT_EQ(meter.Result().largest, whole.largest);
  EXPECT_EQ(meter.Result().relative, whole.relative);
  EXPECT_GT(whole.relative, 0.001f);
  EXPECT_LT(whole.relative, 0.01f);
}

}  // namespace
}  // namespace pedigree
