#include "runtime/adapters/fuse.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

TEST(FuseTest, AddsDeltasToF32) {
  const std::vector<float> values = {1, 2, 3, 4};
  const std::vector<float> deltas = {0.5f, 0, -1, 4};
  std::vector<float> out(4);
  ASSERT_TRUE(FuseTensor(ViewF32(values, 2, 2), "t", deltas,
                         absl::MakeSpan(out))
                  .ok());
  EXPECT_THAT(out, ElementsAre(1.5f, 2, 2, 8));
}

TEST(FuseTest, MayWorkInPlace) {
  std::vector<float> values = {1, 2};
  ASSERT_TRUE(FuseTensor(ViewF32(values, 1, 2), "t",
                         std::vector<float>{1, 1}, absl::MakeSpan(values))
                  .ok());
  EXPECT_THAT(values, ElementsAre(2, 3));
}

TEST(FuseTest, DequantizesFirst) {
  const std::vector<int8_t> payload = {2, -4};
  const std::vector<float> scales = {0.25f};
  TensorView view;
  view.dtype = DType::kQ8_0;
  view.rows = 1;
  view.columns = 2;
  view.payload = reinterpret_cast<const uint8_t*>(payload.data());
  view.scales = scales.data();
  view.block_size = 2;
  std::vector<float> out(2);
  ASSERT_TRUE(
      FuseRow(view, "t", 0, std::vector<float>{1, 1}, absl::MakeSpan(out))
          .ok());
  EXPECT_THAT(out, ElementsAre(1.5f, 0));
}

TEST(FuseTest, RefusesASumThatIsNotFinite) {
  const std::vector<float> values = {0, 0, 1, 3e38f};
  const std::vector<float> deltas = {1, 1, 1, 3e38f};
  std::vector<float> out(4);
  const absl::Status status = FuseTensor(ViewF32(values, 2, 2), "norm.weight",
                                         deltas, absl::MakeSpan(out));
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterPayloadInvalid);
  EXPECT_EQ(status.message(),
            "Invalid adapter: fused value 1 of row 1 of tensor "
            "\"norm.weight\" is inf (3e+38 plus 3e+38)");
}

}  // namespace
}  // namespace pedigree
