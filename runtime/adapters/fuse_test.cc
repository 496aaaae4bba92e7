#include "runtime/adapters/fuse.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

constexpr float kHuge = std::numeric_limits<float>::max();

AdapterPayload Dense(const std::vector<float>& deltas) {
  AdapterPayload payload;
  payload.deltas = deltas;
  return payload;
}

AdapterPayload Sparse(const std::vector<uint32_t>& indices,
                      const std::vector<float>& deltas) {
  AdapterPayload payload;
  payload.kind = AdapterKind::kSparse;
  payload.indices = indices;
  payload.deltas = deltas;
  return payload;
}

TEST(AddDeltasTest, AddsADenseRow) {
  const std::vector<float> deltas = {1, 2, 0.5f, -1};
  std::vector<float> values = {3, 4};
  AddDeltas(Dense(deltas), 1, absl::MakeSpan(values));
  EXPECT_THAT(values, ElementsAre(3.5f, 3));
}

TEST(AddDeltasTest, AddsSparseDeltasOfTheRowOnly) {
  const std::vector<uint32_t> indices = {1, 3, 5, 6};
  const std::vector<float> deltas = {1, 2, 4, 8};
  const std::vector<std::vector<float>> expected = {
      {10, 11, 10}, {12, 10, 14}, {18, 10, 10}, {10, 10, 10}};
  for (uint64_t row = 0; row < expected.size(); ++row) {
    std::vector<float> values = {10, 10, 10};
    AddDeltas(Sparse(indices, deltas), row, absl::MakeSpan(values));
    EXPECT_EQ(values, expected[row]) << row;
  }
}

// One tensor [2, 2].
class CheckFusedTest : public testing::Test {
 protected:
  Weights Make(const std::vector<float>& values) {
    values_ = values;
    return Weights(ModelShape(), {ViewF32(values_, 2, 2)});
  }
  static std::string Message(const Weights& weights,
                             const AdapterPayload& payload) {
    const absl::Status status = CheckFused(weights, 0, "t", payload);
    if (status.ok()) return "";
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kAdapterPayloadInvalid);
    return std::string(status.message());
  }

  std::vector<float> values_;
};

TEST_F(CheckFusedTest, RefusesASumThatIsNotFinite) {
  const std::vector<float> deltas = {1, 1, 1, kHuge};
  EXPECT_EQ(Message(Make({0, 0, 1, 1}), Dense(deltas)), "");
  EXPECT_EQ(Message(Make({0, 0, 1, 3e38f}), Dense(deltas)),
            "Invalid adapter: fused value 1 of row 1 of tensor \"t\" is inf "
            "(3e+38 before)");
  const std::vector<uint32_t> indices = {2};
  const std::vector<float> sparse = {-kHuge};
  EXPECT_EQ(Message(Make({0, 0, 1, 3e38f}), Sparse(indices, sparse)), "");
  EXPECT_EQ(Message(Make({0, 0, -3e38f, 1}), Sparse(indices, sparse)),
            "Invalid adapter: fused value 0 of row 1 of tensor \"t\" is -inf "
            "(-3e+38 before)");
}

TEST_F(CheckFusedTest, RefusesALowRankProductThatIsNotFinite) {
  const std::vector<float> a = {0, 2};
  const std::vector<float> b = {0, kHuge};
  AdapterPayload payload;
  payload.kind = AdapterKind::kLowRank;
  payload.low_rank = {a, b, 1, 1};
  EXPECT_EQ(Message(Make({1, 2, 3, 4}), payload),
            "Invalid adapter: fused value 1 of row 1 of tensor \"t\" is inf "
            "(4 before)");
  const std::vector<float> small = {0, 1};
  payload.low_rank.a = small;
  EXPECT_EQ(Message(Make({1, 2, 3, 4}), payload), "");
}

TEST_F(CheckFusedTest, CountsTheSidePathsThatAreThere) {
  const std::vector<float> a = {1, 0};
  const std::vector<float> b = {kHuge, 0};
  Weights weights = Make({1, 2, 3, 4});
  weights.AddSidePath(0, {a, b, 1, 1});
  const std::vector<float> deltas = {kHuge / 2, 0, 0, 0};
  EXPECT_EQ(Message(Make({1, 2, 3, 4}), Dense(deltas)), "");
  EXPECT_EQ(Message(weights, Dense(deltas)),
            "Invalid adapter: fused value 0 of row 0 of tensor \"t\" is inf "
            "(1 before)");
  AdapterPayload again;
  again.kind = AdapterKind::kLowRank;
  again.low_rank = {a, b, 1, 1};
  EXPECT_NE(Message(weights, again), "");
  again.low_rank.scale = -1;
  EXPECT_EQ(Message(weights, again), "");
}

TEST_F(CheckFusedTest, DequantizesFirst) {
  const std::vector<int8_t> payload = {2, -4};
  const std::vector<float> scales = {kHuge / 4};
  TensorView view;
  view.dtype = DType::kQ8_0;
  view.rows = 1;
  view.columns = 2;
  view.payload = reinterpret_cast<const uint8_t*>(payload.data());
  view.scales = scales.data();
  view.block_size = 2;
  const Weights weights(ModelShape(), {view});
  const std::vector<float> none = {0, 0};
  EXPECT_EQ(Message(weights, Dense(none)), "");
  const std::vector<float> deltas = {0, -kHuge / 2};
  EXPECT_NE(Message(weights, Dense(deltas)), "");
}

}  // namespace
}  // namespace pedigree
