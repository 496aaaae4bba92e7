#include "runtime/tensor/mat_vec.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/dot.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

constexpr size_t kRows = 5;
constexpr size_t kColumns = 64;

class MatVecTest : public testing::TestWithParam<DType> {
 protected:
  MatVecTest()
      : x_(RandomValues(3, kColumns, 1.0f)),
        integers_(kColumns),
        activation_scales_(ActivationBlocks(kColumns)),
        floats_(RandomValues(4, kRows * kColumns, 1.0f)),
        scales_(RandomValues(5, kRows * 2, 1.0f)) {
    QuantizeActivation(x_, absl::MakeSpan(integers_),
                       absl::MakeSpan(activation_scales_));
  }

  // The bytes of `floats_` serve as integers too: any bytes are valid.
  TensorView View() const {
    TensorView view = ViewF32(floats_, kRows, kColumns);
    view.dtype = GetParam();
    if (GetParam() == DType::kF32) return view;
    view.scales = scales_.data();
    view.block_size = 32;
    return view;
  }
  Activation X() const { return {x_, {integers_, activation_scales_}}; }

  std::vector<float> x_;
  std::vector<int8_t> integers_;
  std::vector<float> activation_scales_;
  std::vector<float> floats_;
  std::vector<float> scales_;
};

TEST_P(MatVecTest, EachOutputIsOneDotProduct) {
  const TensorView view = View();
  std::vector<float> out(kRows);
  MatVec(view, X(), absl::MakeSpan(out));
  for (size_t row = 0; row < kRows; ++row) {
    const float expected =
        GetParam() == DType::kF32 ? DotF32(view.RowF32(row), x_)
        : GetParam() == DType::kQ8_0
            ? DotQ8(view.RowQ8(row), view.RowScales(row), 32, X().quantized)
            : DotQ4(view.RowQ4(row), view.RowScales(row), 32, X().quantized);
    EXPECT_EQ(out[row], expected) << row;
  }
}

TEST_P(MatVecTest, IsCloseToTheDequantizedProduct) {
  const TensorView view = View();
  std::vector<float> out(kRows);
  MatVec(view, X(), absl::MakeSpan(out));
  std::vector<float> weights(kColumns);
  for (size_t row = 0; row < kRows; ++row) {
    DequantizeRow(view, row, absl::MakeSpan(weights));
    double exact = 0;
    double magnitude = 0;
    for (size_t i = 0; i < kColumns; ++i) {
      exact += static_cast<double>(weights[i]) * x_[i];
      magnitude += static_cast<double>(weights[i]) * weights[i];
    }
    // Each activation is off by half a step, 1/254 of the largest, at most.
    EXPECT_NEAR(out[row], exact, __builtin_sqrt(magnitude) * 8 / 254 + 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, MatVecTest,
                         testing::Values(DType::kF32, DType::kQ8_0,
                                         DType::kQ4_0));

}  // namespace
}  // namespace pedigree
