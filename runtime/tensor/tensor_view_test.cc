#include "runtime/tensor/tensor_view.h"

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

std::vector<float> Row(const TensorView& tensor, uint64_t row) {
  std::vector<float> out(tensor.columns);
  DequantizeRow(tensor, row, absl::MakeSpan(out));
  return out;
}

TEST(TensorViewTest, ReadsF32Rows) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const TensorView view = ViewF32(values, 3, 2);
  EXPECT_THAT(Row(view, 1), ElementsAre(3, 4));
  EXPECT_EQ(view.StoredBytes(), 24u);
  EXPECT_THAT(Row(RowsOf(view, 2, 1), 0), ElementsAre(5, 6));
}

TEST(TensorViewTest, DequantizesQ8WithOneScaleARow) {
  const std::vector<int8_t> payload = {1, -2, 3, 127, -128, 0};
  const std::vector<float> scales = {0.5f, 2.0f};
  TensorView view;
  view.dtype = DType::kQ8_0;
  view.rows = 2;
  view.columns = 3;
  view.payload = reinterpret_cast<const uint8_t*>(payload.data());
  view.scales = scales.data();
  view.block_size = 3;
  EXPECT_THAT(Row(view, 0), ElementsAre(0.5f, -1.0f, 1.5f));
  EXPECT_THAT(Row(view, 1), ElementsAre(254.0f, -256.0f, 0.0f));
  EXPECT_EQ(view.StoredBytes(), 6u + 8u);
  EXPECT_THAT(Row(RowsOf(view, 1, 1), 0), ElementsAre(254.0f, -256.0f, 0.0f));
}

TEST(TensorViewTest, DequantizesQ4BlockByBlock) {
  const std::vector<uint8_t> payload = {0x21, 0xf8, 0x07, 0x70};
  const std::vector<float> scales = {1.0f, 10.0f, -1.0f, 0.5f};
  TensorView view;
  view.dtype = DType::kQ4_0;
  view.rows = 2;
  view.columns = 4;
  view.payload = payload.data();
  view.scales = scales.data();
  view.block_size = 2;
  EXPECT_THAT(Row(view, 0), ElementsAre(1.0f, 2.0f, -80.0f, -10.0f));
  EXPECT_THAT(Row(view, 1), ElementsAre(-7.0f, 0.0f, 0.0f, 3.5f));
  EXPECT_THAT(Row(RowsOf(view, 1, 1), 0),
              ElementsAre(-7.0f, 0.0f, 0.0f, 3.5f));
  EXPECT_EQ(view.StoredBytes(), 4u + 16u);
}

}  // namespace
}  // namespace pedigree
