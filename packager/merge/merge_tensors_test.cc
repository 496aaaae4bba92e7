#include "packager/merge/merge_tensors.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using Values = std::vector<float>;

Values Merge(const MergeSettings& settings, const Values& base,
             const std::vector<Values>& models) {
  std::vector<absl::Span<const float>> spans(models.begin(), models.end());
  const TensorMerge merge(settings, "w", base, spans);
  Values out(models[0].size());
  merge.Merge(0, absl::MakeSpan(out));
  return out;
}

MergeSettings Settings(MergeMethod method, Values weights) {
  MergeSettings settings;
  settings.method = method;
  settings.weights = std::move(weights);
  return settings;
}

TEST(MergeMethodTest, NamesAreFoundAgain) {
  for (const MergeMethod method :
       {MergeMethod::kSoup, MergeMethod::kTaskArithmetic, MergeMethod::kSlerp,
        MergeMethod::kTies, MergeMethod::kDare, MergeMethod::kDareTies}) {
    EXPECT_EQ(FindMergeMethod(MergeMethodName(method)), method);
  }
  EXPECT_EQ(FindMergeMethod("average"), std::nullopt);
}

TEST(SoupTest, WeightsAreSharesOfTheirSum) {
  EXPECT_EQ(Merge(Settings(MergeMethod::kSoup, {1, 3}), {},
                  {{4, -8, 0}, {8, 0, 1}}),
            Values({7, -2, 0.75f}));
}

TEST(SoupTest, OfOneModelTwiceIsThatModel) {
  const Values model = {0.1f, -1e-30f, 3e38f};
  EXPECT_EQ(Merge(Settings(MergeMethod::kSoup, {0.3f, 0.3f}), {},
                  {model, model}),
            model);
}

TEST(TaskArithmeticTest, AddsWeightedDifferencesToTheBase) {
  MergeSettings settings = Settings(MergeMethod::kTaskArithmetic, {1, -2});
  settings.lambda = 0.5f;
  // 1 + 0.5 x (1 x 2 - 2 x 4), 10 + 0.5 x (0 - 2 x -1).
  EXPECT_EQ(Merge(settings, {1, 10}, {{3, 10}, {5, 9}}), Values({-2, 11}));
}

TEST(TaskArithmeticTest, RoundsOnce) {
  // In binary32 the difference would be rounded, and then the sum.
  const MergeSettings settings = Settings(MergeMethod::kTaskArithmetic, {1});
  EXPECT_EQ(Merge(settings, {1}, {{1e-9f}}), Values({1e-9f}));
}

TEST(TaskArithmeticTest, TooLargeIsInfinite) {
  const MergeSettings settings = Settings(MergeMethod::kTaskArithmetic, {3});
  EXPECT_EQ(Merge(settings, {0}, {{2e38f}}),
            Values({std::numeric_limits<float>::infinity()}));
}

TEST(SlerpTest, GoesAlongTheArc) {
  MergeSettings settings;
  settings.method = MergeMethod::kSlerp;
  settings.interpolation = 1.0f / 3;
  const Values merged = Merge(settings, {}, {{1, 0}, {0, 1}});
  EXPECT_FLOAT_EQ(merged[0], std::cos(M_PI / 6));
  EXPECT_FLOAT_EQ(merged[1], std::sin(M_PI / 6));
}

TEST(SlerpTest, EndsAreTheModels) {
  const Values a = {0.3f, -0.7f, 0.1f};
  const Values b = {0.2f, 0.5f, -0.9f};
  MergeSettings settings;
  settings.method = MergeMethod::kSlerp;
  settings.interpolation = 0;
  EXPECT_EQ(Merge(settings, {}, {a, b}), a);
  settings.interpolation = 1;
  EXPECT_EQ(Merge(settings, {}, {a, b}), b);
}

TEST(SlerpTest, OfAlmostParallelTensorsIsALine) {
  MergeSettings settings;
  settings.method = MergeMethod::kSlerp;
  settings.interpolation = 0.25f;
  EXPECT_EQ(Merge(settings, {}, {{2, 4}, {4, 8}}), Values({2.5f, 5}));
  EXPECT_EQ(Merge(settings, {}, {{2, 4}, {-2, -4}}), Values({1, 2}));
  EXPECT_EQ(Merge(settings, {}, {{0, 0}, {4, 8}}), Values({1, 2}));
}

// Near the ends of where it is an arc, too: the angles that are hardest to
// find.
TEST(SlerpTest, AnglesOfAllSizes) {
  MergeSettings settings;
  settings.method = MergeMethod::kSlerp;
  for (double angle = 0.04; angle < 3.1; angle += 0.01) {
    const Values b = {static_cast<float>(std::cos(angle)),
                      static_cast<float>(std::sin(angle))};
    const Values merged = Merge(settings, {}, {{1, 0}, b});
    EXPECT_NEAR(merged[0], std::cos(angle / 2), 4e-6) << angle;
    EXPECT_NEAR(merged[1], std::sin(angle / 2), 4e-6) << angle;
  }
}

TEST(TiesTest, TrimsElectsAndAverages) {
  MergeSettings settings = Settings(MergeMethod::kTies, {1, 1, 1});
  settings.density = 0.5f;
  // Kept of each: the two largest of four.
  //   4 -3  0  0
  //   0  5  0 -6
  //   0  0 -2  8
  // Signs elected: + + - +; means of what has them.
  EXPECT_EQ(Merge(settings, {10, 10, 10, 10},
                  {{14, 7, 11, 12}, {13, 15, 9, 4}, {11, 10.5f, 8, 18}}),
            Values({14, 15, 8, 18}));
}

TEST(TiesTest, WeightsCountInTheElectionAndInTheMean) {
  MergeSettings settings = Settings(MergeMethod::kTies, {3, 1, 1});
  settings.lambda = 2;
  // Elected: 3 x 1 - 4 + 2 > 0; mean: (3 x 1 + 1 x 2) / 4.
  EXPECT_EQ(Merge(settings, {0}, {{1}, {-4}, {2}}), Values({2.5f}));
}

TEST(TiesTest, OfEqualDifferencesThoseOfLowIndexAreKept) {
  MergeSettings settings = Settings(MergeMethod::kTies, {1});
  settings.density = 0.6f;  // 3 of 5
  EXPECT_EQ(Merge(settings, {0, 0, 0, 0, 0}, {{1, -1, 1, 2, 1}}),
            Values({1, -1, 0, 2, 0}));
}

TEST(TiesTest, NothingIsKeptOfATensorTooSmallForItsDensity) {
  MergeSettings settings = Settings(MergeMethod::kTies, {1});
  settings.density = 0.25f;
  EXPECT_EQ(Merge(settings, {1, 1}, {{2, 3}}), Values({1, 1}));
}

TEST(TiesTest, NoSignWinsATie) {
  EXPECT_EQ(Merge(Settings(MergeMethod::kTies, {1, 1}), {7}, {{8}, {6}}),
            Values({7}));
}

TEST(DareTest, KeepsTheShareAndTheMean) {
  constexpr size_t kCount = 100000;
  MergeSettings settings = Settings(MergeMethod::kDare, {1});
  settings.density = 0.25f;
  const Values merged =
      Merge(settings, Values(kCount, 0), {Values(kCount, 1)});
  size_t kept = 0;
  for (const float value : merged) {
    if (value != 0) {
      ++kept;
      ASSERT_EQ(value, 4);
    }
  }
  // Five standard deviations.
  EXPECT_NEAR(static_cast<double>(kept), kCount / 4.0, 685);
}

TEST(DareTest, SeedsTensorsAndModelsDropApart) {
  MergeSettings settings = Settings(MergeMethod::kDare, {1, 0.5f});
  settings.density = 0.5f;
  const Values base(64, 0);
  const Values ones(64, 1);
  const Values first = Merge(settings, base, {ones, ones});
  EXPECT_EQ(Merge(settings, base, {ones, ones}), first);
  // 3 where both are kept, 2 and 1 where one is.
  EXPECT_THAT(first, testing::Contains(3));
  EXPECT_THAT(first, testing::Contains(2));
  EXPECT_THAT(first, testing::Contains(1));
  EXPECT_THAT(first, testing::Contains(0));
  settings.seed = 1;
  EXPECT_NE(Merge(settings, base, {ones, ones}), first);
  settings.seed = 0;
  Values other(64);
  TensorMerge(settings, "v", base, {ones, ones})
      .Merge(0, absl::MakeSpan(other));
  EXPECT_NE(other, first);
}

TEST(DareTest, DensityOneIsTaskArithmetic) {
  const Values base = {1, 2, 3};
  const std::vector<Values> models = {{2, 2, -3}, {1, 0.1f, 4}};
  EXPECT_EQ(Merge(Settings(MergeMethod::kDare, {1, -1}), base, models),
            Merge(Settings(MergeMethod::kTaskArithmetic, {1, -1}), base,
                  models));
}

TEST(DareTiesTest, ElectsAmongWhatIsKept) {
  EXPECT_EQ(Merge(Settings(MergeMethod::kDareTies, {1, 1}), {0, 0},
                  {{3, -1}, {-1, -2}}),
            Values({3, -1.5f}));
}

TEST(TensorMergeTest, PartsAreThoseOfTheWhole) {
  MergeSettings settings = Settings(MergeMethod::kDareTies, {1, 2});
  settings.density = 0.5f;
  Values base(100);
  Values a(100);
  Values b(100);
  for (size_t i = 0; i < 100; ++i) {
    base[i] = 0.01f * i;
    a[i] = std::sin(i);
    b[i] = std::cos(i);
  }
  const Values whole = Merge(settings, base, {a, b});
  const TensorMerge merge(settings, "w", base, {a, b});
  Values part(40);
  merge.Merge(33, absl::MakeSpan(part));
  EXPECT_EQ(part, Values(whole.begin() + 33, whole.begin() + 73));
}

}  // namespace
}  // namespace pedigree
