#include "runtime/model/low_rank.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

// The strided sum as docs/numerics.md writes it: term i goes to partial sum
// i mod 16, then the fixed tree.
float StridedSum(const std::vector<float>& terms) {
  float p[16] = {};
  for (size_t i = 0; i < terms.size(); ++i) p[i % 16] = p[i % 16] + terms[i];
  for (int half : {8, 4, 2, 1}) {
    for (int j = 0; j < half; ++j) p[j] = p[j] + p[j + half];
  }
  return p[0];
}

// Columns, rows, rank.
class LowRankTest
    : public testing::TestWithParam<std::tuple<size_t, size_t, uint32_t>> {
 protected:
  LowRankTest()
      : columns_(std::get<0>(GetParam())),
        rows_(std::get<1>(GetParam())),
        rank_(std::get<2>(GetParam())),
        a_(RandomValues(1, rank_ * columns_, 1)),
        b_(RandomValues(2, rows_ * rank_, 1)),
        x_(RandomValues(3, columns_, 2)),
        y_(RandomValues(4, rows_, 2)),
        path_{a_, b_, rank_, -0.75f} {}

  std::vector<float> Down() const {
    std::vector<float> h(rank_);
    LowRankDown(path_, x_, absl::MakeSpan(h));
    return h;
  }

  size_t columns_;
  size_t rows_;
  uint32_t rank_;
  std::vector<float> a_;
  std::vector<float> b_;
  std::vector<float> x_;
  std::vector<float> y_;
  LowRank path_;
};

TEST_P(LowRankTest, DownIsTheDocumentsSum) {
  const std::vector<float> h = Down();
  for (uint32_t k = 0; k < rank_; ++k) {
    std::vector<float> terms;
    for (size_t i = 0; i < columns_; ++i) {
      terms.push_back(a_[k * columns_ + i] * x_[i]);
    }
    EXPECT_EQ(h[k], StridedSum(terms)) << k;
  }
}

TEST_P(LowRankTest, UpIsTheDocumentsSum) {
  const std::vector<float> h = Down();
  std::vector<float> y = y_;
  LowRankUp(path_, 0, h, absl::MakeSpan(y));
  for (size_t r = 0; r < rows_; ++r) {
    std::vector<float> terms;
    for (uint32_t k = 0; k < rank_; ++k) {
      terms.push_back(b_[r * rank_ + k] * h[k]);
    }
    EXPECT_EQ(y[r], y_[r] + -0.75f * StridedSum(terms)) << r;
  }
}

TEST_P(LowRankTest, UpMayBeginAtAnyRow) {
  const std::vector<float> h = Down();
  std::vector<float> whole = y_;
  LowRankUp(path_, 0, h, absl::MakeSpan(whole));
  std::vector<float> parts = y_;
  const size_t split = rows_ / 2;
  LowRankUp(path_, split, h, absl::MakeSpan(parts).subspan(split));
  LowRankUp(path_, 0, h, absl::MakeSpan(parts).subspan(0, split));
  EXPECT_EQ(parts, whole);
}

TEST_P(LowRankTest, RowIsTheDocumentsSum) {
  const std::vector<float> before = RandomValues(5, columns_, 2);
  for (size_t r = 0; r < rows_; ++r) {
    std::vector<float> row = before;
    LowRankRow(path_, r, absl::MakeSpan(row));
    for (size_t i = 0; i < columns_; ++i) {
      std::vector<float> terms;
      for (uint32_t k = 0; k < rank_; ++k) {
        terms.push_back(b_[r * rank_ + k] * a_[k * columns_ + i]);
      }
      EXPECT_EQ(row[i], before[i] + -0.75f * StridedSum(terms));
    }
  }
}

// B (A x) and (B A) x are the same in exact arithmetic; in binary64 they
// differ by less than binary32 rounds.
TEST_P(LowRankTest, IsTheProductOfTheFactors) {
  std::vector<float> y = y_;
  LowRankUp(path_, 0, Down(), absl::MakeSpan(y));
  for (size_t r = 0; r < rows_; ++r) {
    double sum = 0;
    double magnitude = std::fabs(y_[r]);
    for (uint32_t k = 0; k < rank_; ++k) {
      for (size_t i = 0; i < columns_; ++i) {
        const double term = double{b_[r * rank_ + k]} *
                            double{a_[k * columns_ + i]} * double{x_[i]};
        sum += term;
        magnitude += std::fabs(term);
      }
    }
    // At most a rounding a term on its way through both sums, 2^-24 each.
    const double bound = magnitude * (columns_ + rank_ + 4) * 0x1p-24;
    EXPECT_NEAR(y[r], y_[r] - 0.75 * sum, bound) << r;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LowRankTest,
    testing::Values(std::make_tuple(1, 1, 1), std::make_tuple(5, 3, 2),
                    std::make_tuple(16, 16, 16), std::make_tuple(33, 18, 17),
                    std::make_tuple(64, 40, 4)));

}  // namespace
}  // namespace pedigree
